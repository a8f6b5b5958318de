"""One local stack in one state directory: MiniStack, the sandbox, and what the SAM CLI deployed to them."""

import contextlib
import fcntl
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import build
from console import Stop, quiet_run, step
from environment import BIN, ROOT
from processes import Processes, free_port

HOST = "127.0.0.1"
NAME = "crieur"  # the stack, and by the tag in samconfig.toml also the API's id
REGION = "us-east-1"


class Stack:
    """`state` holds all that this stack leaves on the disk: logs, build, process ids, `stack.json`."""

    def __init__(self, state):
        self.state = Path(state)
        self.state.mkdir(parents=True, exist_ok=True)
        self.processes = Processes(self.state)
        self.file = self.state / "stack.json"
        self.layout = self.state / "build"
        self.deployed = self.state / "deployed.json"

    @contextlib.contextmanager
    def alone(self):
        """One command at a time in one state directory."""
        with (self.state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as taken:
                raise Stop(f"another command works in {self.state} right now: wait for its end.") from taken
            yield

    # -- starting ---------------------------------------------------------

    def start_ministack(self):
        """Returns the address of the local AWS."""
        running = self.processes.alive("ministack")
        if running and answers(f"http://{HOST}:{running['port']}/_ministack/health"):
            return f"http://{HOST}:{running['port']}"
        self.processes.stop("ministack")
        port = free_port(self.wanted_port("CRIEUR_LOCAL_PORT", "ministack"))
        endpoint = f"http://{HOST}:{port}"
        temporary = self.state / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        # The functions inherit this environment: what a person has set must not reach them.
        env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **credentials(endpoint),
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": HOST,
            "BIND_HOST": HOST,
            "AUTH": "true",  # each function has the rights of its own role and no more, as on AWS
            "TMPDIR": str(temporary),
            "STATE_DIR": str(temporary / "state"),
            "LOG_LEVEL": "INFO",
        }
        with step(f"starting the local AWS on port {port}"):
            child = self.processes.start("ministack", [sys.executable, "-m", "ministack"], env, {"port": port})
            self.processes.wait_until("ministack", child, lambda: answers(f"{endpoint}/_ministack/health"))
        self.remember_ports(ministack=port)
        return endpoint

    def start_sandbox(self, binary):
        """Returns the address of the sandbox. One that runs an older build is replaced, on the same port."""
        version = build.digest(binary)
        running = self.processes.alive("sandbox")
        if running and running["version"] == version and answers(f"http://{HOST}:{running['port']}/"):
            return f"http://{HOST}:{running['port']}"
        self.processes.stop("sandbox")
        wanted = self.wanted_port("CRIEUR_SANDBOX_PORT", "sandbox")
        chosen = free_port(wanted) if wanted else 0
        port_file = self.state / "sandbox.port"
        port_file.unlink(missing_ok=True)
        env = {**os.environ, "RUST_LOG": os.environ.get("RUST_LOG", "info")}
        with step("starting the sandbox"):
            command = [str(binary), "--port", str(chosen), "--port-file", str(port_file)]
            child = self.processes.start("sandbox", command, env, {"version": version, "port": chosen})

            def port():
                text = port_file.read_text().strip() if port_file.exists() else ""
                return int(text) if text and answers(f"http://{HOST}:{text}/") else None

            found = self.processes.wait_until("sandbox", child, port)
        self.processes.remember("sandbox", {**self.processes.known()["sandbox"], "port": found})
        self.remember_ports(sandbox=found)
        return f"http://{HOST}:{found}"

    def wanted_port(self, variable, name):
        if os.environ.get(variable):
            return int(os.environ[variable])
        return self.ports().get(name)

    def ports(self):
        file = self.state / "ports.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def remember_ports(self, **changed):
        (self.state / "ports.json").write_text(json.dumps({**self.ports(), **changed}) + "\n")

    # -- deploying --------------------------------------------------------

    def deploy(self, template, endpoint, sandbox_url):
        """The real `sam deploy`, unless nothing changed since the last. Returns the stack's outputs."""
        api_url = f"{endpoint}/_aws/execute-api/{NAME}/$default"
        parameters = {
            "SandboxUrl": sandbox_url,
            "PublicUrl": api_url,
            "LogLevel": os.environ.get("CRIEUR_LOG", "info"),
            "DeletionProtection": "false",
        }
        binaries = [self.layout / name / "bootstrap" for name in build.functions()]
        ministack = self.processes.known()["ministack"]
        state = {
            "files": build.digest(template, ROOT / "samconfig.toml", *binaries),
            "parameters": parameters,
            "ministack": [ministack["pid"], ministack["birth"]],
        }
        if not (self.deployed.exists() and json.loads(self.deployed.read_text()) == state):
            self.deployed.unlink(missing_ok=True)
            command = [
                str(BIN / "sam"), "deploy",
                "--config-file", str(ROOT / "samconfig.toml"),
                "--config-env", "local",
                "--template-file", str(template),
                "--parameter-overrides", *[f"{name}={value}" for name, value in parameters.items()],
            ]  # fmt: skip
            with step("deploying template.yaml with the SAM CLI"):
                quiet_run(command, self.processes.log("deploy"), sam_environment(endpoint), ROOT, "`sam deploy` failed")
            self.deployed.write_text(json.dumps(state) + "\n")
        described = client("cloudformation", endpoint).describe_stacks(StackName=NAME)["Stacks"][0]
        return {"ApiUrlForPlainClients": api_url} | {
            output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]
        }

    def functions(self, endpoint):
        """The physical name of each function, by its name in the template."""
        listed = client("cloudformation", endpoint).list_stack_resources(StackName=NAME)["StackResourceSummaries"]
        return {
            resource["LogicalResourceId"].removesuffix("Function").lower(): resource["PhysicalResourceId"]
            for resource in listed
            if resource["ResourceType"] == "AWS::Lambda::Function"
        }

    # -- the whole --------------------------------------------------------

    def start(self, packages=None):
        """Builds, starts and deploys. Returns what `stack.json` says, which is written already.

        When anything goes wrong, what this call started is stopped again.
        """
        try:
            build.build(packages or build.packages_of_the_stack())
            template, sandbox = build.lay_out(self.layout)
            endpoint = self.start_ministack()
            sandbox_url = self.start_sandbox(sandbox)
            outputs = self.deploy(template, endpoint, sandbox_url)
            secret = client("secretsmanager", endpoint).get_secret_value(SecretId=outputs["AdministratorKeySecret"])
            api_url = outputs["ApiUrlForPlainClients"]
            facts = {
                "api_url": api_url,
                "admin_key": json.loads(secret["SecretString"])["key"],
                "workspace_id": None,
                "workspace_key": None,
                "sandbox_url": sandbox_url,
                "docs_url": f"{api_url}/docs",
                "console_url": None,
                "media_bucket": outputs["MediaBucket"],
                "lake_bucket": None,
                "aws_endpoint_url": endpoint,
                "accounts": {},
                "table": outputs["TableName"],
                "publish_queue_url": outputs["PublishQueueUrl"],
                "dead_letter_queue_url": outputs["DeadLetterQueueUrl"],
                "functions": self.functions(endpoint),
                "processes": {name: self.processes.known()[name]["pid"] for name in ("ministack", "sandbox")},
            }
            before = self.facts()
            if before.get("admin_key") == facts["admin_key"]:
                facts |= {name: before[name] for name in ("workspace_id", "workspace_key")}
                if before["processes"]["sandbox"] == facts["processes"]["sandbox"]:
                    facts["accounts"] = before["accounts"]  # a sandbox that was started anew knows no tokens
            self.write(facts)
            return facts
        except BaseException:
            self.give_up()
            raise

    def give_up(self):
        """After a failure: what this run started goes, what ran before stays. The functions' logs are kept."""
        self.save_logs()
        self.processes.stop_started_now()
        if not self.processes.alive("ministack"):
            self.file.unlink(missing_ok=True)

    def stop(self):
        """Returns the names of what was running. The functions' logs are kept."""
        self.save_logs()
        ended = self.processes.stop_all()
        self.file.unlink(missing_ok=True)
        self.deployed.unlink(missing_ok=True)
        shutil.rmtree(self.state / "tmp", ignore_errors=True)
        return ended

    def save_logs(self):
        """Copies what the functions logged out of the local CloudWatch. Returns the files."""
        running = self.processes.alive("ministack")
        if not running:
            return []
        saved = []
        try:
            logs = client("logs", f"http://{HOST}:{running['port']}")
            for name in build.functions():
                file = self.processes.log(name)
                pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{NAME}-{name}")
                lines = [event["message"].rstrip("\n") for page in pages for event in page["events"]]
                file.write_text("".join(f"{line}\n" for line in lines))
                saved.append(file)
        except (BotoCoreError, ClientError):
            pass  # asked before anything was deployed, or while it was going down: there is nothing to keep
        return saved

    def facts(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def write(self, facts):
        """`stack.json` holds keys: its owner alone may read it."""
        fresh = self.file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(facts, out, indent=2)
            out.write("\n")
        os.replace(fresh, self.file)


def credentials(endpoint):
    """For MiniStack, which takes any. Nothing of a person's own AWS account is ever looked at."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }


def sam_environment(endpoint):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **credentials(endpoint), "SAM_CLI_TELEMETRY": "0", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, retries={"total_max_attempts": 2}),
    )


def answers(url):
    """Whether anything speaks HTTP there; which status it gives does not matter."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(url, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


