"""Writing notebooks: JupyterLab, what is new, what notebooks must keep to."""
