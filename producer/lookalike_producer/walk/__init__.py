"""The one walk through folders, with which every command finds images."""
