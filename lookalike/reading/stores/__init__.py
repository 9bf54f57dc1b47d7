"""Objects in S3 and compatible stores, in Google Cloud Storage and in Azure: read, looked at, and listed."""
