# SPDX-License-Identifier: Apache-2.0
# A platform that is sound hears nothing: each that comes with Caisson, with its seeds, gets no advice and no alert. Twenty seconds at
# a sample a second; MINUTES=60 is the long form, with everything as it is by default.
source "$(dirname "$0")/story.bash"
platforms=(lumina kyb grc boardofone pendscan)
# What the machine does is not the platform's: its load and its disks are left out below.
ignored='^(host|disks)_'

for name in "${platforms[@]}"; do
  say "$name stands up"
  export CAISSON_STATE="$machine/state-$name"
  takes_platform "$name"
  if [ -z "${MINUTES:-}" ]; then printf '\n[monitor]\ninterval = "1s"\nexpensive = "2s"\n' >>caisson.toml; fi
  run caisson up
  exits 0
  # So that statements are judged as well.
  caisson db shell --role admin -- -XAtqc 'create extension if not exists pg_stat_statements' >/dev/null 2>&1 || die "the extension is made"
done

sleep "$((${MINUTES:-0} * 60 + 20))"

alerts_of() {
  { caisson monitor alerts --json || [ $? = 7 ]; } | python3 -c '
import json, re, sys
for alert in json.load(sys.stdin)["alerts"]:
    if not re.match(sys.argv[1], alert["rule"]) and alert["was"] != "resolved":
        print(alert["rule"], alert["state"], alert["summary"])' "$ignored"
}
for name in "${platforms[@]}"; do
  say "$name is quiet"
  export CAISSON_STATE="$machine/state-$name"
  cd "$machine/$name" || exit 99
  found=$(alerts_of) || die "the alerts are told"
  [ -z "$found" ] || die "$name has alerts: $found"
  run caisson monitor advise --json
  python3 - "$out" <<'PY' || die "$name is advised"
import json, sys
found = [(each["rule"], each.get("object"), each.get("summary")) for database in json.load(open(sys.argv[1]))["databases"] for each in database["advice"]]
print(*found, sep="\n")
sys.exit(1 if found else 0)
PY
done
for name in "${platforms[@]}"; do
  export CAISSON_STATE="$machine/state-$name"
  cd "$machine/$name" && caisson down >/dev/null
done
