# SPDX-License-Identifier: Apache-2.0
# A minute of bench/soak: the daemon beside a load grows by nothing that was not declared. LENGTH=3600 is the long form.
: "${CAISSON:?the program}"
command -v pgbench >/dev/null || { echo "pgbench is missing"; exit 77; }
exec bash "$(dirname "$0")/../../bench/soak" "${LENGTH:-60}"
