# SPDX-License-Identifier: Apache-2.0
# explorer-data/: 74,213 blocks in files of 1,000, each with its transactions; what the old explorer knew of wallets and
# days; an index. The chain is linked; where it is not, that is a blemish.

function make_chain_addresses(    i) {
  for (i = 1; i <= 24; i++) token[i] = "0x" hex_digits(40)
  for (i = 1; i <= 60; i++) stranger[i] = "0x" hex_digits(40)
  for (i = 1; i <= 5; i++) miner[i] = "0x" hex_digits(40)
}

# Wei: whole tokens, or with all eighteen decimals.
function wei_of(t,    text) {
  text = between(1, 9000) (t % 3 ? "000000000000000000" : digits(18))
  if (t % 1999 == 5 && blemish("explorer-data/blocks", "value is a number with an exponent: digits are lost"))
    return sprintf("%d.%03de+21", between(1, 9), below(1000))
  if (t % 211 == 9 && blemish("explorer-data/blocks", "value is hexadecimal"))
    return quoted("0x" sprintf("%x", between(1, 9)) hex_digits(15))
  if (t % 97 == 3 && blemish("explorer-data/blocks", "value is a number")) return below(1000000000)
  if (t % 5003 == 8 && blemish("explorer-data/blocks", "value is in ether, with a point"))
    return quoted(between(1, 90) "." digits(6))
  return quoted(text)
}

function status_of(t, failed) {
  if (t % 13 == 2 && blemish("explorer-data/blocks", "status is a number")) return failed ? "0" : "1"
  if (t % 17 == 6 && blemish("explorer-data/blocks", "status is hexadecimal"))
    return quoted(failed ? "0x0" : "0x1")
  if (t % 19 == 11 && blemish("explorer-data/blocks", "status is true or false"))
    return failed ? "false" : "true"
  return quoted(failed ? "failed" : "success")
}

function some_address() { return below(4) ? wallet[1 + below(users)] : stranger[1 + below(60)] }

function transaction(n, place, seconds,    t, hash, from, to, input, text, called, gas) {
  t = ++transactions
  if (unwritten) transactions_unwritten++
  hash = "0x" hex_digits(64)
  from = some_address()
  if (t % 4 == 1) {  # A call of a token: transfer(address,uint256).
    called = 1 + below(24)
    to = token[called]
    input = "0xa9059cbb000000000000000000000000" substr(some_address(), 3) sprintf("%064x", between(1, 900000))
    if (from in is_users) {  # What an investment can name.
      paid_count[called]++
      paid[called, paid_count[called]] = hash
      payer[called, paid_count[called]] = from
      paid_at[called, paid_count[called]] = seconds
    }
  } else {
    to = some_address()
    input = "0x"
  }
  if (t % 4001 == 77 || t % 4001 == 78) { to = ""; input = "0x6080604052" hex_digits(120) }  # A contract is made.
  gas = input == "0x" ? 21000 : between(34000, 88000)
  gas_in_block += gas
  seen[from]++
  if (to != "") seen[to]++
  sent[from]++
  text = "{\"hash\":" quoted(hash) ",\"blockNumber\":" n ",\"transactionIndex\":" place ","
  if (t % 307 == 21 && blemish("explorer-data/blocks", "from in capitals")) from = "0x" toupper(substr(from, 3))
  text = text "\"from\":" quoted(from) ","
  if (t % 4001 == 77) { text = text "\"to\":null,\"contractAddress\":" quoted("0x" hex_digits(40)) "," }
  else if (t % 4001 == 78 && blemish("explorer-data/blocks", "to is empty where a contract is made"))
    text = text "\"to\":\"\","
  else text = text "\"to\":" quoted(to) ","
  text = text "\"value\":" wei_of(t) ",\"gas\":" (input == "0x" ? 21000 : 90000) ","
  if (t % 127 == 40) blemish("explorer-data/blocks", "gasUsed is missing")
  else text = text "\"gasUsed\":" gas ","
  if (t % 59 == 13 && blemish("explorer-data/blocks", "gasPrice is a string"))
    text = text "\"gasPrice\":\"" between(1, 40) "000000000\","
  else text = text "\"gasPrice\":" between(1, 40) "000000000,"
  text = text "\"nonce\":" sent[from] - 1 ",\"input\":" quoted(input) ","
  if (t % 83 == 31 && blemish("explorer-data/blocks", "fields the explorer added: _id, confirmations"))
    text = text "\"_id\":\"" hex_digits(24) "\",\"confirmations\":" below(90000) ","
  text = text "\"status\":" status_of(t, t % 101 == 50) "}"
  if (t % 20011 == 500) { repeated = text; repeated_in = n + 3 }
  return text
}

function time_of_block(n, seconds) {
  if (n % 41 == 7 && blemish("explorer-data/blocks", "timestamp is an ISO time")) return quoted(iso(seconds, 0))
  if (n % 53 == 11 && blemish("explorer-data/blocks", "timestamp is milliseconds"))
    return milliseconds(seconds, 0)
  if (n % 67 == 13 && blemish("explorer-data/blocks", "timestamp is a string of seconds"))
    return quoted(sprintf("%.0f", seconds))
  if (n % 71 == 17 && blemish("explorer-data/blocks", "timestamp is hexadecimal"))
    return quoted(sprintf("0x%x", seconds))
  return sprintf("%.0f", seconds)
}

function block(n, parent, hash, seconds, list, count,    text, said) {
  text = "{\"number\":" (n % 29 == 4 ? quoted(n) : n) ",\"hash\":" quoted(hash) ",\"parentHash\":" quoted(parent) ","
  if (n % 29 == 4) blemish("explorer-data/blocks", "number is a string")
  text = text "\"timestamp\":" time_of_block(n, seconds) ",\"miner\":" quoted(miner[1 + n % 5]) ","
  if (n % 89 == 23) blemish("explorer-data/blocks", "size is missing")
  else text = text "\"size\":" 540 + 130 * count ","
  text = text "\"gasLimit\":30000000,\"gasUsed\":" (n % 97 == 29 ? quoted(gas_in_block) : gas_in_block) ",\"difficulty\":\"2\","
  if (n % 97 == 29) blemish("explorer-data/blocks", "gasUsed of a block is a string")
  if (n % 103 == 31) blemish("explorer-data/blocks", "extraData is missing")
  else text = text "\"extraData\":\"0x70656e64\","
  said = count
  if (n % 6007 == 61 && blemish("explorer-data/blocks", "transactionCount is not that of the list")) said++
  text = text "\"transactionCount\":" said ",\"transactions\":"
  if (!count && n % 37 == 3 && blemish("explorer-data/blocks", "transactions is null, not an empty list"))
    return text "null}"
  return text "[" list "]}"
}

function write_explorer(    n, file, part, parent, hash, seconds, count, list, i, draw, rows, text, orphan) {
  blocks = 74213
  parent = "0x0000000000000000000000000000000000000000000000000000000000000000"
  seconds = genesis
  for (n = 0; n < blocks; n++) {
    if (n % 1000 == 0) {
      if (file != "") { printf "\n]\n" > file; close(file) }
      file = sprintf("%s/explorer-data/blocks/blocks-%05d.json", out, n / 1000)
      files++
      printf "[" > file
      rows = 0
      if (n && n % 13000 == 0) {  # The last block of the file before, written again.
        blemish("explorer-data/blocks", "block that stands in the file before, the same")
        printf "%s\n%s", (rows++ ? "," : ""), text > file
      }
    }
    seconds += n ? between(150, 210) : 0
    unwritten = n == 31007 || n == 52118
    draw = below(100)
    count = (draw >= 40) + (draw >= 70) + (draw >= 87) + (draw >= 95)
    list = ""
    gas_in_block = 0
    for (i = 0; i < count; i++) list = list (i ? "," : "") transaction(n, i, seconds)
    if (n == repeated_in && repeated != "") {
      blemish("explorer-data/blocks", "transaction that stands in another block as well")
      list = list (count++ ? "," : "") repeated
      repeated = ""
    }
    hash = "0x" hex_digits(64)
    text = block(n, parent, hash, seconds, list, count)
    if (unwritten) {
      unwritten = 0
      blemish("explorer-data/blocks", "block that is missing")
    } else {
      printf "%s\n%s", (rows++ ? "," : ""), text > file
      written++
    }
    if (n % 24001 == 900) {  # What the chain left, still there: the same number, another hash.
      blemish("explorer-data/blocks", "block that the chain has left, beside the one that stayed")
      orphan = "{\"number\":" n ",\"hash\":" quoted("0x" hex_digits(64)) ",\"parentHash\":" quoted(parent) ",\"timestamp\":" \
               seconds + 4 ",\"miner\":" quoted(miner[1]) ",\"size\":540,\"gasLimit\":30000000,\"gasUsed\":0,\"difficulty\":\"1\"," \
               "\"extraData\":\"0x\",\"transactionCount\":0,\"transactions\":[]}"
      printf ",\n%s", orphan > file
    }
    day_of = iso_date(seconds)
    if (!(day_of in day_blocks)) day_order[++days] = day_of
    day_blocks[day_of]++
    day_transactions[day_of] += count
    parent = hash
    last_seen = seconds
  }
  printf "\n]\n" > file
  close(file)
  write_days()
  write_directory()
  file = out "/explorer-data/index.json"
  printf "{\"chainId\": 7411, \"name\": \"PendChain\", \"firstBlock\": 0, \"lastBlock\": %d, \"blocksPerFile\": 1000, \"files\": %d, ", blocks - 1, files > file
  printf "\"totalBlocks\": %d, \"totalTransactions\": \"%d\", \"updatedAt\": %s}\n", blocks, transactions, milliseconds(last_seen, 0) > file
  blemish("explorer-data/index.json", "totalTransactions is a string")
  blemish("explorer-data/index.json", "totalBlocks counts blocks that are missing")
  close(file)
}

function write_days(    i, file, day_name, count) {
  file = out "/explorer-data/network-stats.json"
  printf "[" > file
  for (i = 1; i <= days; i++) {
    day_name = day_order[i]
    count = day_transactions[day_name]
    if (i % 40 == 9 && blemish("explorer-data/network-stats.json", "transactions of a day disagree with the blocks"))
      count += 2
    if (i % 50 == 20 && blemish("explorer-data/network-stats.json", "day that is missing")) continue
    printf "%s\n{\"date\": %s, \"blocks\": %d, \"transactions\": %s, \"avgBlockTime\": %s}", (i > 1 ? "," : ""), quoted(day_name),
      day_blocks[day_name], (i % 30 == 7 ? quoted(count) : count), sprintf("%.1f", 86400 / day_blocks[day_name]) > file
    if (i % 30 == 7) blemish("explorer-data/network-stats.json", "transactions is a string")
  }
  printf "\n]\n" > file
  close(file)
}

function write_directory(    i, file, address) {
  file = out "/explorer-data/wallets.json"
  printf "[" > file
  for (i = 1; i <= users + 60; i++) {
    if (i == 130 || i == 131) continue  # They share the wallets of 12 and 45.
    address = i <= users ? wallet[i] : stranger[i - users]
    printf "%s\n{\"address\": %s, \"txCount\": %s", (i > 1 ? "," : ""), quoted(address), (i % 16 == 6 ? quoted(seen[address] + 0) : seen[address] + 0) > file
    if (i % 16 == 6) blemish("explorer-data/wallets.json", "txCount is a string")
    if (i % 35 == 14 && blemish("explorer-data/wallets.json", "phone number of the holder, which the directory must not show"))
      printf ", \"phone\": %s", quoted(phone[1 + i % users]) > file
    printf "}" > file
  }
  printf "\n]\n" > file
  close(file)
}
