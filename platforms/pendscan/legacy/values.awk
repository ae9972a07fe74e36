# SPDX-License-Identifier: Apache-2.0
# Numbers, times and texts from the seed. Nothing here depends on the awk: the generator is Park and Miller's, whose
# products stay below 2^53, and what is larger than 2^31 is printed by %.0f.

function next_number() { state = (state * 16807) % 2147483647; return state }
function below(n) { return next_number() % n }
function between(low, high) { return low + below(high - low + 1) }

function hex_digits(n,    text) {
  while (length(text) < n) text = text sprintf("%07x", next_number() % 268435456)
  return substr(text, 1, n)
}
function digits(n,    text) {
  while (length(text) < n) text = text sprintf("%06d", next_number() % 1000000)
  return substr(text, 1, n)
}

# Counts what README.md lists; true, so that it stands in conditions. What is made and not written (a block that is
# missing) is not counted.
function blemish(file, what) {
  if (unwritten) return 1
  if (!((file, what) in blemishes)) { blemish_file[++kinds] = file; blemish_what[kinds] = what }
  blemishes[file, what]++
  return 1
}

# Civil date of a count of days since 1970-01-01 (Howard Hinnant's days_from_civil, backwards).
function civil(days,    era, doe, yoe, doy, mp) {
  days += 719468
  era = int(days / 146097)
  doe = days - era * 146097
  yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
  doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100))
  mp = int((5 * doy + 2) / 153)
  day = doy - int((153 * mp + 2) / 5) + 1
  month = mp < 10 ? mp + 3 : mp - 9
  year = yoe + era * 400 + (month <= 2)
}
function iso(seconds, milliseconds) {
  civil(int(seconds / 86400))
  return sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, int(seconds / 3600) % 24, int(seconds / 60) % 60,
                 seconds % 60, milliseconds)
}
function iso_date(seconds) { civil(int(seconds / 86400)); return sprintf("%04d-%02d-%02d", year, month, day) }
function european_date(seconds) { civil(int(seconds / 86400)); return sprintf("%02d/%02d/%04d", day, month, year) }
function milliseconds(seconds, fraction) { return sprintf("%.0f", seconds * 1000 + fraction) }

function quoted(text) { return "\"" text "\"" }

# Every time of an old record, as one of the ways in which such files write times. i chooses; most are as they should be.
function moment(file, field, i, seconds,    bad) {
  if (i % 23 == 5 && blemish(file, field " is missing")) return ""
  if (i % 29 == 7 && blemish(file, field " is seconds, as a string"))
    return quoted(field) ": " quoted(sprintf("%.0f", seconds)) ", "
  if (i % 31 == 11 && blemish(file, field " is a day as DD/MM/YYYY"))
    return quoted(field) ": " quoted(european_date(seconds)) ", "
  if (i % 37 == 16) {
    bad = "2024-02-30T10:00:00.000Z|2024-13-01|0000-00-00 00:00:00|N/A|"
    split(bad, bad_dates, "|")
    blemish(file, field " is no date")
    return quoted(field) ": " quoted(bad_dates[int(i / 37) % 5 + 1]) ", "
  }
  if (i % 10 == 3 && blemish(file, field " is milliseconds, as a number"))
    return quoted(field) ": " milliseconds(seconds, i % 1000) ", "
  if (i % 41 == 19 && blemish(file, field " has no zone"))
    return quoted(field) ": " quoted(substr(iso(seconds, 0), 1, 19)) ", "
  return quoted(field) ": " quoted(iso(seconds, i * 7 % 1000)) ", "
}

# Capitals here and there, as a checksum would set them; these are none.
function mixed_case(text,    i, result, c) {
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    result = result (below(2) ? toupper(c) : c)
  }
  return result
}
