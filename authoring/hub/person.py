"""One person's JupyterLab on the hub: jupyterhub-singleuser, started without a grammar that no notebook asks for.

jsonschema imports rfc3987_syntax to recognise addresses in other scripts, and that compiles a grammar at each start: two to three seconds
of a core, more than a minute for thirty people. Without it jsonschema takes any text there; notebooks are checked as before.
"""
import sys

sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # an import of it fails, which jsonschema expects

from jupyterhub.singleuser import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
