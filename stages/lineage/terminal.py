"""What may be printed of text that anybody could have written into a commit."""


def printable(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
