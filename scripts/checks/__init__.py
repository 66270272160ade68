"""What only this project asks of its files.

Each check takes the repository's root and yields a sentence per complaint.
"""
