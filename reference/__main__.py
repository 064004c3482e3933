"""`python -m reference`: writes the pages, and the pictures that they show."""

import reference
from reference.places import DOCS

FOLDERS = ("collectors", "operations", "recipes")


def main() -> None:
    for path, text in reference.pages().items():
        (DOCS / path).write_text(text, encoding="utf-8")
    drawn = set()
    for path, data in reference.pictures():
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_bytes(data)
        drawn.add(DOCS / path)
    for folder in FOLDERS:
        for picture in set((DOCS / folder).glob("*.webp")) - drawn:
            picture.unlink()  # of what is not there any more


main()
