"""`python -m numina` is `numina`."""

from numina.cli import main

if __name__ == "__main__":
    main()
