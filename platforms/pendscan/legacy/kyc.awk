# SPDX-License-Identifier: Apache-2.0
# uploads/kyc/metadata.json: 118 applications with their documents. The files themselves are not made.

function document(user, d,    text, file) {
  file = "uploads/kyc/metadata.json"
  split("passport national_id proof_of_address selfie", kinds_of_document, " ")
  text = "{\"type\": "
  if (d % 17 == 6 && blemish(file, "type in another spelling: Proof Of Address"))
    text = text "\"Proof Of Address\", "
  else text = text quoted(kinds_of_document[1 + d % 4]) ", "
  text = text "\"filename\": " quoted(sprintf("%d-%s.jpg", 1725148800 + d * 977, hex_digits(6))) ", "
  text = text "\"originalName\": " quoted("scan " d ".jpg") ", "
  if (d % 13 == 5 && blemish(file, "size is a string with a unit"))
    text = text "\"size\": \"" between(80, 900) " KB\", "
  else text = text "\"size\": " between(80000, 900000) ", "
  if (d % 19 == 8) blemish(file, "mimeType is missing")
  else text = text "\"mimeType\": " quoted(d % 3 ? "image/jpeg" : "application/pdf") ", "
  if (d % 11 == 4 && blemish(file, "checksum is MD5")) text = text "\"checksum\": " quoted(hex_digits(32)) ", "
  else if (d % 23 == 9) blemish(file, "checksum is missing")
  else text = text "\"checksum\": " quoted(hex_digits(64)) ", "
  return text "\"uploadedAt\": " quoted(iso(registered[user] + 3600, 0)) "}"
}

function application(a,    text, file, user, count, k, state, submitted) {
  file = "uploads/kyc/metadata.json"
  user = 1 + (a * 6) % users
  submitted = registered[user] + 3600 + below(200000)
  split("pending approved approved approved rejected under_review", kyc_states, " ")
  state = kyc_states[1 + below(6)]
  if (a % 57 == 20 && blemish(file, "id that was there before"))
    text = "{\"id\": " quoted(sprintf("kyc_%04d", a - 1)) ", "
  else text = "{\"id\": " quoted(sprintf("kyc_%04d", a)) ", "
  if (a % 20 == 7 && blemish(file, "phone is in no wallet-db.json"))
    text = text "\"phone\": " quoted(sprintf("+447700900%03d", 990 + a / 20)) ", "
  else if (a % 9 == 2 && blemish(file, "wallet instead of phone"))
    text = text "\"walletAddress\": " quoted(wallet[user]) ", "
  else text = text "\"phone\": " quoted(phone[user]) ", "
  if (a % 10 == 4 && blemish(file, "status in another spelling: APPROVED, verified"))
    text = text "\"status\": " quoted(a % 20 == 4 ? "APPROVED" : "verified") ", "
  else text = text "\"status\": " quoted(state) ", "
  if (a % 30 == 11 && blemish(file, "priority is a word")) text = text "\"priority\": \"high\", "
  else if (a % 3 == 0) text = text "\"priority\": " 1 + a % 5 ", "
  text = text moment(file, "submittedAt", a, submitted)
  if (a % 25 == 13 && blemish(file, "reviewedAt is before submittedAt"))
    text = text "\"reviewedAt\": " quoted(iso(submitted - 86400, 0)) ", "
  else if (state == "approved" || state == "rejected") text = text "\"reviewedAt\": " quoted(iso(submitted + between(600, 300000), 0)) ", "
  if (a % 35 == 16 && blemish(file, "unknown fields"))
    text = text "\"ocr\": {\"score\": 0." digits(2) "}, \"v\": 2, "
  if (a % 40 == 18 && blemish(file, "documents is null")) return text "\"documents\": null}"
  text = text "\"documents\": ["
  count = 1 + a % 3
  for (k = 1; k <= count; k++) text = text (k > 1 ? ", " : "") "\n      " document(user, ++documents)
  return text "]}"
}

function write_kyc(    a, file) {
  file = out "/uploads/kyc/metadata.json"
  printf "{\"version\": \"1.2\", \"applications\": [" > file
  for (a = 1; a <= 118; a++) printf "%s\n  %s", (a > 1 ? "," : ""), application(a) > file
  printf "\n]}\n" > file
  close(file)
}
