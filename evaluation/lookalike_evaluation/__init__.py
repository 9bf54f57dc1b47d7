"""What is in an index and how good its answers are: figures, duplicates, reports; knows no command and no worker."""
