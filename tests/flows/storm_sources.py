"""What a kill storm changes: for each line of the platform, a legacy application that never rests."""
import subprocess

from platform_under_test import ROOT, radius_sql, setting


class Sql:
    """One psql that stays open, since a process for each change would be most of the work."""

    def __init__(self, dsn):
        self._psql = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", dsn],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def transact(self, statements):
        """Runs the statements in one transaction, and returns when it is committed."""
        self._psql.stdin.write("begin;" + ";".join(statements) + ";commit;\n\\echo done\n")
        self._psql.stdin.flush()
        if self._psql.stdout.readline().strip() != "done":
            raise AssertionError(self._psql.communicate()[1])

    def close(self):
        self._psql.communicate()


class RadiusCity:
    """Diskominfo's WiFi: devices join, move data and leave, and now and then a hotspot moves.

    acctinputoctets counts a session's changes, so it tells their order; acctoutputoctets goes from A to B and back.
    """

    OPEN = 60  # sessions at a time

    def __init__(self, random):
        self._random = random
        self._sql = Sql(setting("SIMPUL_TEST_RADIUS_ADMIN_DSN"))
        self._serial = 0
        self._open = []

    def change(self, count):
        """Makes `count` changes, in one transaction."""
        statements = [self._next() for _ in range(count)]
        if self._random.random() < 0.1:
            statements.append("update nas set nasname = case nasname when '10.36.72.6' then '10.36.72.66' "
                              "else '10.36.72.6' end where id = 6")
        self._sql.transact(statements)

    def _next(self):
        if len(self._open) < self.OPEN:
            return self._join()
        at = self._random.randrange(len(self._open))
        key = f"where acctuniqueid = '{self._open[at]}'"
        dice = self._random.random()
        if dice < 0.75:
            return f"update radacct set acctinputoctets = acctinputoctets + 1, acctupdatetime = now() {key}"
        if dice < 0.9:
            return f"update radacct set acctoutputoctets = 1 - acctoutputoctets {key}"
        self._open.pop(at)
        if dice < 0.91:  # its Stop is lost: nothing is heard of it any more
            return self._join()
        if dice < 0.99:
            return (f"update radacct set acctinputoctets = acctinputoctets + 1, acctstoptime = now(), "
                    f"acctterminatecause = 'User-Request' {key}")
        return f"delete from radacct {key}"

    def _join(self):
        self._serial += 1
        name = f"storm-{self._serial}"
        self._open.append(name)
        return ("insert into radacct (acctsessionid, acctuniqueid, username, callingstationid, nasipaddress, "
                f"acctstarttime, acctinputoctets, acctoutputoctets) values ('{name}', '{name}', 'warga1', "
                f"'02-00-00-00-00-01', '10.36.72.{self._serial % 6 + 1}', now(), 1, 0)")

    @staticmethod
    def wanted():
        """What the platform must say in the end, {name: state()}: a session without a Stop is lost by then."""
        rows = radius_sql("select radacctid, acctstoptime is null, acctinputoctets, coalesce(acctoutputoctets, 0), nas.id "
                          "from radacct left join nas on nas.nasname = host(nasipaddress)")
        wanted = {}
        for row in rows.splitlines():
            number, is_open, received, sent, hotspot = row.split("|")
            wanted[f"departments/diskominfo/sessions/{number}"] = (
                "ENDED", is_open == "t", int(received), int(sent),
                f"departments/diskominfo/hotspots/{hotspot}" if hotspot else "")
        return wanted

    @staticmethod
    def state(session):
        return (session["state"], session.get("endReason") == "LOST_STOP", int(session.get("inputBytes", 0)),
                int(session.get("outputBytes", 0)), session.get("hotspot", ""))

    @staticmethod
    def step(session):
        """A number that only grows from one change of a session to the next."""
        return int(session.get("inputBytes", 0))

    @staticmethod
    def hurried_mapping():
        """The department's mapping, its watch as fast and its lost Stops as near as a storm needs them."""
        text = (ROOT / "adapters/diskominfo/radius/mapping.yaml").read_text()
        for slow, fast in (("every: 2s", "every: 0.2s"), ("every: 5s", "every: 0.3s"), ("every: 10m", "every: 2s"),
                           ("interim_interval: {constant: 10m}", "interim_interval: {constant: 2s}")):
            if slow not in text:
                raise AssertionError(f"the mapping has no '{slow}' any more")
            text = text.replace(slow, fast)
        return text

    def close(self):
        self._sql.close()
