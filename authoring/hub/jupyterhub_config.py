"""The hub's settings: a room code, a copy of the course for each person, servers that outlive a hub that stops.

`make hub` starts it through start.py, which says in the environment what belongs to this room. The proxy, the board and the culler are
start.py's too and not the hub's, so that none of them falls with it.
"""
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # the hub finds gate.py here

from copies import private_copy  # noqa: E402

c = get_config()  # type: ignore[name-defined]  # noqa: F821
given = os.environ
folder, port, host = Path(given["HUB_FOLDER"]), int(given["HUB_PORT"]), given["HUB_HOST"]
people, course, state = folder / "people", folder / "course", folder / "state"

c.JupyterHub.bind_url = f"http://{host}:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 2}"
c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
c.JupyterHub.cleanup_servers = False  # a hub that is started again finds everybody's server where it was
c.JupyterHub.cleanup_proxy = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 1}"
c.ConfigurableHTTPProxy.auth_token = given["CONFIGPROXY_AUTH_TOKEN"]

c.JupyterHub.authenticator_class = "gate.RoomCode"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"instructor"}
c.SharedPasswordAuthenticator.user_password = given["HUB_CODE"]
c.SharedPasswordAuthenticator.admin_password = given["HUB_KEY"]
c.JupyterHub.template_vars = {
    "announcement_login": "Type a name of your choice, the same each time. The password is the room's four words."}

c.JupyterHub.spawner_class = "simple"  # no accounts on this machine: all kernels run as whoever started the hub
c.SimpleLocalProcessSpawner.home_dir_template = f"{people}/{{username}}"
c.Spawner.cmd = [str(Path(given["HUB_PROGRAMS"]) / "python"), str(HERE / "person.py")]
c.Spawner.args = ["--ServerApp.kernel_websocket_connection_class=lab.AtOnce", "--LabApp.news_url=None",
                  "--ServerApp.terminals_enabled=False", *["--allow-root"] * (os.geteuid() == 0)]
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # thirty start at once on two cores
c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL"]
c.Spawner.environment = {
    "PYTHONPATH": str(HERE.parent),  # lab.py
    "JUPYTER_PATH": str(state / "jupyter"),  # the kernel
    **{name: given[name] for name in ("HUB_KERNEL_MB", "HUB_KERNEL_CPUS", "HUB_SYSTEMD", "HUB_BOARD", "HUB_CODE")},
    "LESSONLIB_PROGRESS_FILE": lambda spawner: str(people / spawner.user.name / ".lessonlib" / "progress.json"),
}


def _give_copy(spawner):
    private_copy(course, people / spawner.user.name)


c.Spawner.pre_spawn_hook = _give_copy

c.JupyterHub.services = [
    {"name": "board", "url": f"http://127.0.0.1:{port + 3}", "api_token": given["HUB_BOARD_TOKEN"], "display": True},
    {"name": "room", "api_token": given["HUB_ROOM_TOKEN"]},
]
c.JupyterHub.load_roles = [{"name": "room", "services": ["room"],  # for the culler, and for start.py when the room ends
                            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"]}]
