"""What is computed from clean tables: aid, war, people, politics."""
