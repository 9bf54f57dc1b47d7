"""What is deployed beside the programs, tried out or held against its rules."""
