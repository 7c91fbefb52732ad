"""The DICOM receiver: takes films over the network and writes them into one folder; it opens no database."""
