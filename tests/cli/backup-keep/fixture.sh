# A platform without a server, and backup sets as their makers would have left them.
#   set ID DAYS-AGO KIND [PRIOR]      a set that ended so many days ago, at this hour of the day
platform() {
  cat >caisson.toml <<END
[platform]
name = "shop"
[databases.shop]
name = "shop"
migrations = ["migrations"]
[backups.repositories.local]
path = "$PWD/local"
[backups.repositories.offsite]
path = "$PWD/offsite"
[backups.tiers.local]
keep = "3d"
[backups.tiers.offsite]
repository = "offsite"
keep = "2"
[backups.schedule]
logical = "30 2 * * *"
prune = "0 4 * * *"
END
  mkdir -p migrations
}
repository=local/shop-local
set_of() {
  local at id=$1 kind=$3 prior=${4:-}
  at=$(date -u -d "-$2 days" +%Y-%m-%dT%H:%M:%SZ)
  mkdir -p "$repository/sets/$id" "$repository/receipts"
  cat >"$repository/sets/$id/set.json" <<END
{"format": 1, "kind": "$kind", "id": "$id", "started": "$at", "finished": "$at", "prior": "$prior", "timeline": 1,
 "bytes": 0, "stored_bytes": 0, "tools": {}, "origins": [], "parts": [], "files": [], "tables": []}
END
}
