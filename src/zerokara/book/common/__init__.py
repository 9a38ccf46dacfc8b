"""The textbook's folder `common`, chapters 3 to 8: plain NumPy, written from what the modules are seen to do."""
