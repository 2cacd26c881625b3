"""The measures of the table, one file each."""
