# SPDX-License-Identifier: Apache-2.0
# What stories of the monitor share: a platform with a ledger, its figures and its past, a receiver of alerts, and the
# bounds that hold whatever happens. Sourced.
source "$(dirname "${BASH_SOURCE[0]}")/story.bash"

# What the daemon and the history may take, as docs/reference/monitor.md says.
most_resident_kb=$((60 * 1024)) most_growth_kb=$((12 * 1024)) most_history_bytes=$((6 << 20)) most_descriptors=80

token() { cat "$(state)/secrets/api-token"; }
scrape() { curl -fsS --max-time 60 -H "Authorization: Bearer $(token)" "$@" "$(address)/metrics"; }
scraped() { scrape >"$machine/metrics" && grep -qE -- "$1" "$machine/metrics"; }
admin() { caisson db shell --role admin -- -XAtqc "$1" 2>&1; }
# A gap of a metric whose reason has these words, noted since the mark.
gaps() { caisson monitor history "$1" --since "${2:-1h}" 2>/dev/null | grep '^gap '; }
gap_told() { gaps "$1" | grep -qE -- "$2"; }
gap_count() { gaps "$1" | grep -cE -- "$2"; }
more_gaps() { [ "$(gap_count "$1" "$2")" -gt "$3" ]; }
points() { caisson monitor history "$1" --since "${2:-1h}" --csv "$machine/points.csv" >/dev/null 2>&1; grep -c . "$machine/points.csv"; }
at_least() { [ "$(points "$1")" -gt "$2" ]; }
# Those that are not over, as JSON; that some fire is no failure here.
alerts_now() { caisson "$@" monitor alerts --json 2>/dev/null || [ $? = 7 ]; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
descriptors() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }
history_bytes() { stat -c %s "$(state)/monitor/history.sqlite"; }

# A platform of one table, watched every second; what the manifest says beyond that is read from stdin.
takes_watched() {
  mkdir -p "$machine/watched/migrations"
  cd "$machine/watched" || exit 99
  cat - >caisson.toml <<TOML
[platform]
name = "watched"
[databases.main]
name = "watched_db"
migrations = ["migrations"]
extensions = ["pg_stat_statements"]
[api]
port = 0
[monitor]
interval = "1s"
expensive = "2s"
timeout = "300ms"
stored = 900
history_size = "4MB"
TOML
  cat >>caisson.toml
  echo 'create table ledger (id bigint generated always as identity primary key, note text not null);' >migrations/001_ledger.sql
}

# Rows of the ledger; how many there were in all is in $inserted.
inserted=0
inserts() {
  sql "insert into ledger (note) select 'row ' || i from generate_series(1, $1) i" >/dev/null && inserted=$((inserted + $1))
}

# A receiver of alerts that checks signatures and writes down each page: its port is in $receiver_port.
receiver=
receives() {
  [ -n "${receiver_port:-}" ] || receiver_port=$(free_port)
  python3 - "$receiver_port" "$machine/pages" "${ALERT_SECRET:?}" <<'PY' &
import hashlib, hmac, http.server, json, sys, time

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = self.headers["X-Caisson-Timestamp"].encode() + b"." + body
        signature = "v1=" + hmac.new(sys.argv[3].encode(), text, hashlib.sha256).hexdigest()
        sound = hmac.compare_digest(signature, self.headers["X-Caisson-Signature"])
        with open(sys.argv[2], "a") as pages:
            for page in json.loads(body)["pages"] if sound else [{"kind": "forged"}]:
                pages.write(json.dumps({"taken": time.time(), "delivery": self.headers["X-Caisson-Delivery"], **page}) + "\n")
        self.send_response(200 if sound else 401)
        self.end_headers()

    def log_message(self, *arguments):
        pass

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
PY
  receiver=$!
  disown "$receiver"
}
is_away() { end KILL "$receiver"; receiver=; }
# Messages of a rule and a kind that were taken.
taken() { grep -c "\"kind\": \"$2\".*\"rule\": \"$1\"" "$machine/pages" 2>/dev/null; }
was_taken() { [ "$(taken "$1" "$2")" -ge 1 ]; }
trap 'end KILL "$receiver"; cleanup' EXIT

# Of an exposition: settings, and limits that are none, may be below zero.
negative_figures() { grep -E '^[^#].* -[0-9]' | grep -vE '^pg_settings_|^pg_database_connection_limit\{.* -1$'; }

# What holds whatever has happened: nothing negative, nothing invented, nothing that grows.
holds() {
  local daemon=$1 base=$2 metric
  kill -0 "$daemon" || die "the daemon lives"
  scrape >"$machine/metrics" || die "it answers"
  ! negative_figures <"$machine/metrics" || die "no figure is negative"
  for metric in databases.commits databases.transactions_per_second tables.rows_inserted statements.calls redis.commands wal.bytes_per_second; do
    caisson monitor history "$metric" --since 2d --json 2>/dev/null | python3 -c '
import json, sys
sys.exit(any(figure < 0 for series in json.load(sys.stdin)["series"] for point in series["points"] for figure in point[1:]))' ||
      die "nothing negative is kept of $metric"
  done
  [ "$(resident "$daemon")" -lt "$most_resident_kb" ] || [ -n "${FLAGS:-}" ] || die "$(resident "$daemon") kB are resident"
  [ "$(($(resident "$daemon") - base))" -lt "$most_growth_kb" ] || [ -n "${FLAGS:-}" ] || die "it grew from $base to $(resident "$daemon") kB"
  [ "$(history_bytes)" -lt "$most_history_bytes" ] || die "the history has $(history_bytes) bytes"
  [ "$(descriptors "$daemon")" -lt "$most_descriptors" ] || die "$(descriptors "$daemon") descriptors are open"
}

# The rows that the history says were inserted into the ledger: the sum of growth a second times the time between two readings.
kept_rows() {
  caisson monitor history tables.rows_inserted --since 2d --json 2>/dev/null | python3 -c '
import datetime, json, sys
rows = 0
for series in json.load(sys.stdin)["series"]:
    if series["labels"]["relname"] != "ledger":
        continue
    before = None
    for at, _, mean, _ in series["points"]:
        at = datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
        rows += mean * max(0, min(at - before, 3) if before is not None else 2)
        before = at
print(round(rows))'
}
