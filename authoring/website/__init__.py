"""The course as pages and as slides: what `make site` and `make deck` put together from the notebooks and the instructor's pages."""
