# SPDX-License-Identifier: Apache-2.0
# wallet-db.json: one object, its keys phone numbers, its values users with their wallet. 139 numbers; three stand twice.
# The numbers are reserved for fiction: +44 7700 900xxx (Ofcom) and +1 202 555 01xx (NANPA).

function make_users(    i) {
  users = 139
  split("Ada Bela Carla Dario Elif Farid Greta Hugo Ilse Jonah Karim Lotte Mei Nadir Olga Pavel Quentin Rosa Siri Tariq " \
        "Uma Viktor Wanda Ximena Yusuf Zoë Aïcha Björn Chloé Dušan", first_names, " ")
  split("Abara Brandl Castellanos Dvořák Eriksen Fontaine Grünwald Haddad Ivanova Jansen Kowalski Lindqvist Marchetti " \
        "Nakamura Okafor Petrov Quispe Rahman Sørensen Tanaka Ueda Vasquez Wójcik Xu Yılmaz Zeman O'Brien D'Angelo", last_names, " ")
  split("bronze silver gold platinum", tiers, " ")
  genesis = 1725148800  # 2024-09-01T00:00:00Z
  for (i = 1; i <= users; i++) {
    phone[i] = i % 5 ? sprintf("+447700900%03d", i * 7) : sprintf("+120255501%02d", i / 5)
    wallet[i] = "0x" hex_digits(40)
    registered[i] = genesis + i * 110000 + below(90000)
    name[i] = first_names[1 + i % 30] " " last_names[1 + (i * 11) % 28]
    tier[i] = tiers[1 + (below(100) > 55) + (below(100) > 75) + (below(100) > 90)]
  }
  wallet[130] = wallet[12]
  wallet[131] = wallet[45]
  for (i = 1; i <= users; i++) is_users[wallet[i]] = 1
}

function key_of(i) {
  if (i % 19 == 4 && blemish("wallet-db.json", "number with blanks"))
    return substr(phone[i], 1, 3) " " substr(phone[i], 4, 4) " " substr(phone[i], 8)
  if (i % 21 == 9 && blemish("wallet-db.json", "number without +")) return substr(phone[i], 2)
  if (i % 43 == 20 && blemish("wallet-db.json", "number with 00 for +")) return "00" substr(phone[i], 2)
  return phone[i]
}

function address_of(i) {
  if (i == 130 || i == 131) blemish("wallet-db.json", "wallet of another user")
  if (i % 47 == 13 && blemish("wallet-db.json", "walletAddress without 0x")) return substr(wallet[i], 3)
  if (i % 61 == 22 && blemish("wallet-db.json", "walletAddress in capitals, 0X")) return toupper(wallet[i])
  if (i % 53 == 30 && blemish("wallet-db.json", "walletAddress with a blank behind")) return wallet[i] " "
  if (i % 7 == 2 && blemish("wallet-db.json", "walletAddress in mixed case without a checksum"))
    return "0x" mixed_case(substr(wallet[i], 3))
  return wallet[i]
}

function tier_of(i) {
  if (i % 12 == 6 && blemish("wallet-db.json", "tier is a number")) return 1 + (i % 4)
  if (i % 13 == 8 && blemish("wallet-db.json", "tier with a capital"))
    return quoted(toupper(substr(tier[i], 1, 1)) substr(tier[i], 2))
  if (i % 67 == 25 && blemish("wallet-db.json", "tier is unknown: vip")) return quoted("vip")
  if (i % 71 == 33 && blemish("wallet-db.json", "tier is null")) return "null"
  return quoted(tier[i])
}

function money_of(file, field, i, amount) {
  if (i % 8 == 5 && blemish(file, field " is a string")) return quoted(sprintf("%d.%02d", amount, i % 100))
  if (i % 17 == 14 && blemish(file, field " has commas and a currency"))
    return quoted("$" int(amount / 1000) + 1 "," sprintf("%03d", amount % 1000) ".00")
  if (i % 59 == 28 && blemish(file, field " is null")) return "null"
  return sprintf("%d.%02d", amount, i % 100)
}

function user_record(i, again,    text, file, who) {
  file = "wallet-db.json"
  who = name[i]
  if (i == 57 && blemish(file, "name holds a zero character")) who = who "\\u0000"
  if (i == 101 && blemish(file, "name holds half a surrogate pair")) who = who " \\ud83d"
  text = "  " quoted(key_of(i)) ": {\n    "
  text = text "\"walletAddress\": " quoted(address_of(i)) ", "
  if (i % 27 == 10) blemish(file, "userId is missing")
  else if (i % 15 == 1 && blemish(file, "userId is a number")) text = text "\"userId\": " 1000 + i ", "
  else text = text "\"userId\": " quoted(sprintf("user_%04d", i)) ", "
  text = text "\"name\": " quoted(who) ", "
  if (i % 33 == 12) blemish(file, "email is missing")
  else if (i % 49 == 24 && blemish(file, "email is no address")) text = text "\"email\": " quoted("n/a") ", "
  else text = text "\"email\": " quoted(sprintf("user%03d@mail.example", i)) ", "
  text = text "\"tier\": " (again ? quoted("bronze") : tier_of(i)) ", "
  text = text moment(file, "createdAt", i, registered[i])
  text = text "\"balance\": " money_of(file, "balance", i, between(100, 90000)) ", "
  if (i % 9 == 4 && blemish(file, "isActive is a word or a number"))
    text = text "\"isActive\": " (i % 2 ? "1" : quoted("yes")) ", "
  else text = text "\"isActive\": " (i % 45 ? "true" : "false") ", "
  if (i % 26 == 17 && blemish(file, "unknown fields"))
    text = text "\"_rev\": \"3-" hex_digits(8) "\", \"utm_source\": \"launch\", "
  return text "\"preferences\": {\"language\": \"en\", \"newsletter\": " (i % 3 ? "true" : "false") "}\n  }"
}

function write_wallets(    i, file, again) {
  file = out "/wallet-db.json"
  printf "{\n" > file
  for (i = 1; i <= users; i++) printf "%s,\n", user_record(i, 0) > file
  # Numbers that were written before: readers of JSON keep the last one, and forget the first.
  split("20 61 118", again, " ")
  for (i = 1; i <= 3; i++) {
    blemish("wallet-db.json", "number that was there before")
    printf "%s%s\n", user_record(again[i], 1), (i < 3 ? "," : "") > file
  }
  printf "}\n" > file
  close(file)
}
