# SPDX-License-Identifier: Apache-2.0
BEGIN {
  state = seed
  for (i = 0; i < 10; i++) next_number()  # Small seeds begin alike.
  make_users()
  make_chain_addresses()
  write_wallets()
  write_explorer()
  write_opportunities()
  write_logs()
  write_kyc()
  for (i = 1; i <= kinds; i++) printf "%-34s %6d  %s\n", blemish_file[i], blemishes[blemish_file[i], blemish_what[i]], blemish_what[i]
  printf "%d users, %d blocks, %d transactions, %d investments, 2317 log entries, 118 applications, %d documents\n", users, written, transactions - transactions_unwritten,
    investments, documents
}
