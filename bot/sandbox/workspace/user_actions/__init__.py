"""The actions of people in the workspace, and their effects."""
