# SPDX-License-Identifier: Apache-2.0
# The work of tools/check-layers. Input: all CMakeLists.txt below src/, then all headers and sources.

BEGIN {
  count = split(ENVIRON["LAYERS"], ranks, " ")
  for (i = 1; i <= count; i++) {
    n = split(ranks[i], names, ",")
    for (j = 1; j <= n; j++) rank[names[j]] = i
  }
  count = split(ENVIRON["RESERVED"], pairs, " ")
  for (i = 1; i <= count; i++) {
    split(pairs[i], pair, "=")
    reserved_for[pair[1]] = pair[2]
  }
}

FNR == 1 { forget_call() }

# --- CMakeLists.txt: caisson_module(NAME … DEPS … PUBLIC …) over any number of lines.
FILENAME ~ /CMakeLists\.txt$/ {
  line = $0
  sub(/#.*/, "", line)
  n = split(line, all_words, /[ \t()"]+/)
  for (i = 1; i <= n; i++) if (all_words[i] ~ /\.(cc|h)$/) mentioned[directory_of(FILENAME) "/" all_words[i]] = 1
  if (line ~ /^[ \t]*caisson_module[ \t]*\(/) {
    in_call = 1
    keyword = ""
    sub(/.*caisson_module[ \t]*\(/, "", line)
  }
  if (!in_call) next
  ends = (line ~ /\)/)
  sub(/\).*/, "", line)
  n = split(line, words, /[ \t]+/)
  for (i = 1; i <= n; i++) take_word(words[i])
  if (ends) forget_call()
  next
}

# --- sources and headers
{ if (FNR == 1) { is_file[FILENAME] = 1; file_order[++files] = FILENAME } }
/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
  target = $0
  sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", target)
  sub(/[>"].*/, "", target)
  includes++
  from[includes] = FILENAME
  at[includes] = FILENAME ":" FNR
  to[includes] = target
}

END {
  for (i = 1; i <= includes; i++) judge_include(i)
  for (i = 1; i <= modules; i++) judge_module(module_order[i])
  for (i = 1; i <= files; i++) judge_file(file_order[i])
  # An edge that goes up closes a circle as well: one report of it is enough.
  if (!faults) {
    for (i = 1; i <= modules; i++) walk("module", module_order[i], module_order[i])
    for (i = 1; i <= files; i++) walk("file", file_order[i], file_order[i])
  }
  if (faults) {
    printf "check-layers: %d faults\n", faults
    exit 1
  }
  printf "check-layers: %d modules, %d files, %d includes: every edge goes down\n", modules, files, includes
}

function forget_call() { in_call = 0; keyword = ""; folder = "" }

function take_word(word) {
  if (word == "") return
  if (word ~ /^(NAME|DEPS|PRIVATE_DEPS|SOURCES|PUBLIC|TESTS)$/) { keyword = word; return }
  folder = directory_of(FILENAME)
  if (keyword == "NAME") {
    module_order[++modules] = folder
    module_at[folder] = FILENAME ":" FNR
    folder_named[word] = folder
  } else if (keyword == "DEPS" || keyword == "PRIVATE_DEPS") {
    sub(/^caisson(_|::)/, "", word)
    dependencies[folder] = dependencies[folder] " " word
    dependency_at[folder, word] = FILENAME ":" FNR
  } else if (keyword == "PUBLIC") {
    is_public[folder "/" word] = FILENAME ":" FNR
  }
}

function directory_of(path) { sub(/\/[^\/]*$/, "", path); return path }

function layer_of(path) { sub(/^src\//, "", path); sub(/\/.*/, "", path); return path }

# The module that a file belongs to: the nearest folder above it that declares one; else the folder itself.
function module_of(path,    directory) {
  for (directory = directory_of(path); directory != "src" && directory ~ /\//; directory = directory_of(directory))
    if (directory in module_at) return directory
  return directory_of(path)
}

function fault(place, text) { faults++; printf "%s: %s\n", place, text }

# Why `upper` may not use `lower`, or nothing. `declared` tells whether a sibling stands in DEPS.
function objection(upper, lower, declared,    from_layer, to_layer) {
  from_layer = layer_of(upper "/x")
  to_layer = layer_of(lower "/x")
  if (!(from_layer in rank)) return "src/" from_layer " is not a layer"
  if (!(to_layer in rank)) return "src/" to_layer " is not a layer"
  if (rank[to_layer] > rank[from_layer]) return to_layer " lies above " from_layer
  if (rank[to_layer] == rank[from_layer] && to_layer != from_layer)
    return from_layer " and " to_layer " do not know each other"
  if (to_layer == from_layer && upper != lower && !declared) return upper " does not declare it in DEPS"
  return ""
}

function judge_include(i,    source, path, prefix, upper, lower, why, dependency_names, n, j, declared) {
  source = from[i]
  for (prefix in reserved_for)
    if (index(to[i], prefix) == 1 && index(source, "src/" reserved_for[prefix] "/") != 1)
      fault(at[i], "includes " to[i] ": only src/" reserved_for[prefix] " may")
  path = "src/" to[i]
  if (!(path in is_file)) return
  edges["file", source] = edges["file", source] " " path
  edge_at["file", source, path] = at[i]
  upper = module_of(source)
  lower = module_of(path)
  if (upper == lower) {
    if ((source in is_public) && !(path in is_public))
      fault(at[i], "a public header includes " to[i] ", which " lower "/CMakeLists.txt does not list under PUBLIC")
    return
  }
  # A file of no module, such as main.cc, puts the modules of its layer together.
  declared = !(upper in module_at)
  n = split(dependencies[upper], dependency_names, " ")
  for (j = 1; j <= n; j++)
    if ((dependency_names[j] in folder_named) && folder_named[dependency_names[j]] == lower) declared = 1
  why = objection(upper, lower, declared)
  if (why != "") fault(at[i], upper " includes " to[i] ": " why)
  if ((lower in module_at) && !(path in is_public))
    fault(at[i], "includes " to[i] ", which " lower "/CMakeLists.txt does not list under PUBLIC")
  if (!(("module", upper, lower) in edge_at)) {
    edges["module", upper] = edges["module", upper] " " lower
    edge_at["module", upper, lower] = at[i]
  }
}

# What a module links must obey the same rule as what it includes.
function judge_module(folder,    names, n, j, lower, why) {
  n = split(dependencies[folder], names, " ")
  for (j = 1; j <= n; j++) {
    if (!(names[j] in folder_named)) continue
    lower = folder_named[names[j]]
    why = objection(folder, lower, 1)
    if (why != "") fault(dependency_at[folder, names[j]], folder " links " lower ": " why)
    if (!(("module", folder, lower) in edge_at)) {
      edges["module", folder] = edges["module", folder] " " lower
      edge_at["module", folder, lower] = dependency_at[folder, names[j]]
    }
  }
}

function judge_file(path) {
  if (!(layer_of(path) in rank)) fault(path ":1", "src/" layer_of(path) " is not a layer")
  if (path ~ /\.cc$/ && (module_of(path) in module_at) && !(path in mentioned))
    fault(path ":1", "is compiled by nobody: " module_of(path) "/CMakeLists.txt does not name it")
}

# Depth first; an edge to something that is still being walked closes a circle.
function walk(kind, node, trail,    next_nodes, n, j) {
  if ((kind, node) in state) return
  state[kind, node] = "open"
  n = split(edges[kind, node], next_nodes, " ")
  for (j = 1; j <= n; j++) {
    if (!((kind, next_nodes[j]) in state))
      walk(kind, next_nodes[j], trail " -> " next_nodes[j])
    else if (state[kind, next_nodes[j]] == "open")
      fault(edge_at[kind, node, next_nodes[j]], "closes a circle: " since(trail, next_nodes[j]) " -> " next_nodes[j])
  }
  state[kind, node] = "done"
}

# The part of a trail that begins with `node`.
function since(trail, node) { return substr(trail, index(trail " ", node " ")) }
