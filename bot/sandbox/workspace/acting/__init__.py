"""What people do in the workspace, and everything that it causes."""
