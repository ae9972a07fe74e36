# SPDX-License-Identifier: Apache-2.0
# Prometheus itself scrapes the daemon: the older text passes promtool, and as OpenMetrics, which it prefers, it takes all
# figures with exemplars that name requests.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/monitor.bash"
command -v prometheus >/dev/null || { echo "prometheus is missing: script/setup installs it"; exit 77; }
takes_watched </dev/null
run caisson up
exits 0
within 30 scraped '^pg_stat_statements_calls_total'

say "the older text is well-formed"
promtool check metrics <"$machine/metrics" >"$out" 2>&1
! grep -iE 'error while linting|parse|text format' "$out" || die "promtool reads it"

say "the rules that are shipped are Prometheus' own"
run caisson monitor rules
exits 0
cp "$out" "$machine/rules.yml"
promtool check rules "$machine/rules.yml" >"$out" 2>&1 || die "promtool takes the rules"

say "OpenMetrics is given to who accepts it"
open() { scrape -H 'Accept: application/openmetrics-text' -D "$machine/headers" >"$machine/open"; }
open || die "it answers"
grep -qi '^content-type: application/openmetrics-text; version=1.0.0' "$machine/headers" || die "it says what it is"
[ "$(tail -1 "$machine/open")" = "# EOF" ] || die "it ends with the mark"
scrape -H 'X-Request-Id: the-one-that-is-named' >/dev/null
open
grep -q '_bucket{.*} [0-9]* # {request_id="' "$machine/open" || die "buckets name requests"

say "Prometheus takes it"
port=$(free_port)
cat >"$machine/prometheus.yml" <<YAML
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: caisson
    authorization: { credentials_file: $(state)/secrets/api-token }
    static_configs: [{ targets: ["$(address | sed 's|.*//||')"] }]
YAML
prometheus --config.file="$machine/prometheus.yml" --storage.tsdb.path="$machine/tsdb" --web.listen-address="127.0.0.1:$port" \
  --enable-feature=exemplar-storage >"$machine/prometheus.log" 2>&1 &
receiver=$!
ask() { curl -fsS --max-time 60 -G "http://127.0.0.1:$port/api/v1/$1" --data-urlencode "query=$2" "${@:3}" >"$out" 2>"$err"; }
up_is_one() { ask query 'up{job="caisson"}' && grep -q '"value":\[[0-9.]*,"1"\]' "$out"; }
within 30 up_is_one
scrape -H 'X-Request-Id: seen-by-prometheus' >/dev/null
exemplar_is_there() { ask query_exemplars 'caisson_http_request_duration_seconds_bucket' -d "start=$(($(date +%s) - 60))" -d "end=$(date +%s)" && grep -q '"request_id":"' "$out"; }
within 30 exemplar_is_there
is_there() { ask query "$1" && grep -q '"value"' "$out"; }
for figure in 'pg_stat_database_xact_commit{datname="watched_db"}' 'pg_stat_statements_calls_total' 'caisson_http_requests_total' 'pg_up == 1'; do
  within 60 is_there "$figure"
done
! grep -iE 'append failed|parse error|invalid' "$machine/prometheus.log" || die "Prometheus complains of nothing"
end TERM "$receiver"
run caisson down
exits 0
