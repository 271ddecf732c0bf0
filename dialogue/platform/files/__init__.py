"""One store of files (folder or S3): checked type and size, served with an access check from the second origin."""
