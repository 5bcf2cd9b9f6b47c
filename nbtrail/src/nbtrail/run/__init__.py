"""Running notebooks and jobs: kernels, warm starts, guard, progress."""
