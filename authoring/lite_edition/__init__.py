"""The browser edition: which cells it can run, its notebooks, its Pyodide, and the site."""
