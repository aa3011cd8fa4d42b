"""Tasks of job arrays, and the script of one."""
