# SPDX-License-Identifier: Apache-2.0
# admin-opportunities.json: 24 offers with their investments, CRLF at the end of each line. admin-logs.json: 2,317 entries
# behind a byte order mark.

function percent_of(i, value) {
  if (i % 4 == 1 && blemish("admin-opportunities.json", "expectedROI has a percent sign"))
    return quoted(sprintf("%.1f%%", value))
  if (i % 9 == 5 && blemish("admin-opportunities.json", "expectedROI is a fraction"))
    return sprintf("%.4f", value / 100)
  return sprintf("%.1f", value)
}

function investment(o, k, i,    text, hash) {
  text = "{\"id\": " quoted(sprintf("inv_%05d", i)) ", "
  if (i % 61 == 17 && blemish("admin-opportunities.json", "investor is in no wallet-db.json"))
    text = text "\"wallet\": " quoted(stranger[1 + i % 60]) ", "
  else text = text "\"wallet\": " quoted(payer[o, k]) ", "
  if (i % 14 == 3 && blemish("admin-opportunities.json", "amount is a string"))
    text = text "\"amount\": " quoted(between(1, 60) * 250) ", "
  else if (i % 151 == 60 && blemish("admin-opportunities.json", "amount is negative"))
    text = text "\"amount\": -500, "
  else text = text "\"amount\": " between(1, 60) * 250 ", "
  hash = paid[o, k]
  if (i % 47 == 20) blemish("admin-opportunities.json", "txHash is missing")
  else {
    if (i % 73 == 30 && blemish("admin-opportunities.json", "txHash is in no block")) hash = "0x" hex_digits(64)
    text = text "\"txHash\": " quoted(hash) ", "
  }
  text = text moment("admin-opportunities.json", "investedAt", i, paid_at[o, k])
  if (i % 20 == 8 && blemish("admin-opportunities.json", "status of an investment with a capital"))
    return text "\"status\": \"Confirmed\"}"
  return text "\"status\": " quoted(i % 25 == 10 ? "pending" : "confirmed") "}"
}

function opportunity(o, number, title,    text, file, k, i, target, raised) {
  file = "admin-opportunities.json"
  split("real_estate private_credit equity fund commodity", types, " ")
  split("commercial-property trade-finance private-equity renewable-energy precious-metals", headings, " ")
  split("open active closed draft funded", states, " ")
  target = between(2, 40) * 100000
  raised = 0
  if (o % 6 == 2 && blemish(file, "id is a number")) text = "{\"id\": " number ", "
  else text = "{\"id\": " quoted(sprintf("opp_%03d", number)) ", "
  text = text "\"title\": " quoted(title) ", "
  if (o % 8 == 3) blemish(file, "description is missing")
  else text = text "\"description\": " quoted("Offer " o ": secured, reported each quarter.\\nSee the prospectus.") ", "
  if (o % 11 == 7 && blemish(file, "type is unknown: nft")) text = text "\"type\": \"nft\", "
  else text = text "\"type\": " quoted(types[1 + o % 5]) ", "
  text = text "\"category\": " quoted(headings[1 + o % 5]) ", "
  if (o % 7 == 4 && blemish(file, "status in capitals"))
    text = text "\"status\": " quoted(toupper(states[1 + o % 5])) ", "
  else text = text "\"status\": " quoted(states[1 + o % 5]) ", "
  if (o % 5 == 0 && blemish(file, "minInvestment is a string with a currency"))
    text = text "\"minInvestment\": \"$" between(1, 9) ",000\", "
  else text = text "\"minInvestment\": " between(1, 20) * 250 ", "
  text = text "\"targetAmount\": " target ", \"expectedROI\": " percent_of(o, between(20, 150) / 10) ", "
  text = text "\"tokenAddress\": " quoted(token[o]) ", " moment(file, "createdAt", o, genesis + o * 86400 * 5)
  if (o % 10 == 6 && blemish(file, "unknown fields"))
    text = text "\"imageUrl\": \"/img/" hex_digits(6) ".png\", \"featured\": \"Y\", "
  text = text "\"investments\": ["
  for (k = 1; k <= paid_count[o] && k <= 18; k++) {
    i = ++investments
    text = text (k > 1 ? ", " : "") "\r\n    " investment(o, k, i)
  }
  return text "]}"
}

function write_opportunities(    o, file) {
  split("Harbour Offices|Solar Park One|Receivables 24-C|Riverside Homes|Allocated Gold|Crane Leasing|Robotics B|Wind Farm North|" \
        "Student Housing|Cold Storage|Fibre Network|Vineyard Fund|Cargo Bikes|Data Centre South|Clinic Building|Tea Estate|" \
        "Silver Bars|Timber Fund|Ferry Terminal|Film Rights|Logistics Hub|Green Bonds|Micro Hydro|Old Mill Lofts", titles, "|")
  file = out "/admin-opportunities.json"
  printf "[\r\n" > file
  for (o = 1; o <= 24; o++) printf "  %s,\r\n", opportunity(o, o, titles[o]) > file
  blemish("admin-opportunities.json", "id that was there before, with other contents")
  printf "  {\"id\": \"opp_007\", \"title\": \"Robotics B (copy)\", \"type\": \"equity\", \"category\": \"private-equity\", \"status\": \"draft\", " > file
  printf "\"minInvestment\": 500, \"targetAmount\": 1000000, \"investments\": []}\r\n]\r\n" > file
  blemish("admin-opportunities.json", "lines end with CRLF")
  close(file)
}

function log_entry(i,    text, file, admin, action, what) {
  file = "admin-logs.json"
  split("sarah@pendscan.example mike@pendscan.example priya@pendscan.example tom@pendscan.example", admins, " ")
  split("kyc.approved kyc.rejected asset.published asset.updated user.updated user.suspended export.created login.succeeded", actions, " ")
  if (i % 463 == 100 && blemish(file, "id that was there before"))
    text = "{\"id\": " quoted(sprintf("log_%06d", i - 1)) ", "
  else text = "{\"id\": " quoted(sprintf("log_%06d", i)) ", "
  text = text moment(file, "timestamp", i, genesis + i * 5700 + below(4000))
  admin = admins[1 + below(4)]
  if (i % 45 == 8 && blemish(file, "admin is a first name")) sub(/@.*/, "", admin)
  else if (i % 95 == 30 && blemish(file, "admin is null")) admin = ""
  text = text "\"admin\": " (admin == "" ? "null" : quoted(admin)) ", "
  action = actions[1 + below(8)]
  if (i % 16 == 5 && blemish(file, "action in another spelling: KYC_APPROVED")) {
    action = toupper(action)
    sub(/\./, "_", action)
  }
  text = text "\"action\": " quoted(action) ", "
  what = 1 + below(users)
  if (i % 85 == 44) what = 9000 + below(900)
  if (i % 22 == 9) blemish(file, "target is missing")
  else if (i % 85 == 44 && blemish(file, "target that is nowhere"))
    text = text "\"target\": " quoted("user_" what) ", "
  else text = text "\"target\": " quoted(sprintf("user_%04d", what)) ", "
  if (i % 12 == 4 && blemish(file, "details is text, not an object"))
    text = text "\"details\": \"from panel, ref " hex_digits(6) "\", "
  else text = text "\"details\": {\"ref\": " quoted(hex_digits(6)) "}, "
  if (i % 28 == 13 && blemish(file, "ip is no address")) return text "\"ip\": \"unknown\"}"
  if (i % 32 == 21 && blemish(file, "ip is IPv4 inside of IPv6"))
    return text "\"ip\": \"::ffff:192.0.2." 1 + below(200) "\"}"
  if (i % 27 == 19 && blemish(file, "ip is missing")) return text "\"note\": \"\"}"
  return text "\"ip\": \"192.0.2." 1 + below(200) "\"}"
}

function write_logs(    i, file) {
  file = out "/admin-logs.json"
  printf "\357\273\277[" > file
  blemish("admin-logs.json", "byte order mark in front")
  for (i = 1; i <= 2317; i++) printf "%s\n%s", (i > 1 ? "," : ""), log_entry(i) > file
  printf "\n]\n" > file
  close(file)
}
