"""Members of tar and zip archives, read by range where the archive lies: nothing is unpacked under its name."""
