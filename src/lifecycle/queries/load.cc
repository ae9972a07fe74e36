// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/queries/names.h"
#include "lifecycle/queries/query.h"
#include "platform/key_pattern.h"

namespace caisson::queries {
namespace {

using platform::Mistake;

/// Deeper than anybody sorts files: none is left out.
constexpr int folder_depth = 1'000;

void require_known(const std::string& word, const std::vector<std::string>& known,
                   std::string_view what, const Place& place, std::vector<Mistake>& mistakes) {
    if (word.empty() || std::ranges::find(known, word) != known.end()) {
        return;
    }
    const auto near = nearest(word, known);
    mistakes.push_back({place, fmt::format("caisson.toml declares no {} \"{}\"", what, word),
                        !near.empty()   ? fmt::format("did you mean \"{}\"?", near)
                        : known.empty() ? fmt::format("declare it below [{}s]", what)
                                        : "declared are " + join(known, ", ")});
}

/// What a key of the cache is made of. `{tenant}` and `{role}` come from the session.
std::vector<std::string> words_of(const platform::KeyPattern& pattern) {
    std::vector<std::string> words;
    for (const auto& part : pattern.parts) {
        if (part.kind != platform::KeyPart::Kind::literal) {
            words.push_back(part.text);
        }
    }
    return words;
}

bool is_of_session(const std::string& word) { return word == "tenant" || word == "role"; }

/// One key stands for one answer: all that an answer depends on is part of it.
void check_covered(const Query& query, const std::vector<std::string>& words,
                   std::vector<Mistake>& mistakes) {
    const auto& use = *query.cache;
    if (!query.filters.empty() || query.orders.size() > 1) {
        mistakes.push_back({use.place,
                            fmt::format("the key {} does not tell answers with other filters or "
                                        "in another order apart",
                                        use.pattern),
                            "write a query without them for what is kept"});
        return;
    }
    for (const auto& parameter : query.parameters) {
        if (std::ranges::find(words, parameter.name) == words.end()) {
            mistakes.push_back({use.place,
                                fmt::format("the key {} leaves out @{}, which answers depend on",
                                            use.pattern, parameter.name),
                                fmt::format("declare a key with {{{}}}", parameter.name)});
        }
    }
}

/// What the key says of the time to live holds where the query says nothing.
void check_cache(Query& query, const platform::Manifest& manifest, std::vector<Mistake>& mistakes) {
    auto& use = *query.cache;
    const auto pattern = platform::parse_key_pattern(use.pattern);
    if (!pattern.mistake.empty()) {
        mistakes.push_back(
            {use.place, fmt::format("the key {}: {}", use.pattern, pattern.mistake), {}});
        return;
    }
    std::vector<std::string> declared;
    const platform::CacheKey* found = nullptr;
    for (const auto& key : manifest.cache_keys) {
        declared.push_back(key.pattern);
        if (platform::parse_key_pattern(key.pattern).meaning() == pattern.meaning()) {
            found = &key;
        }
    }
    if (!found) {
        const auto near = nearest(use.pattern, declared);
        mistakes.push_back(
            {use.place,
             fmt::format("caisson.toml declares no key {} below [cache.keys]", use.pattern),
             near.empty() ? "declare it there, with its time to live"
                          : fmt::format("did you mean {}?", near)});
        return;
    }
    if (use.ttl && found->ttl && *use.ttl > *found->ttl) {
        mistakes.push_back({use.place,
                            fmt::format("a ttl of {}, longer than that of the key, {}",
                                        human(*use.ttl), human(*found->ttl)),
                            "a query may keep its answers for a shorter time only"});
    }
    use.ttl = use.ttl ? use.ttl : found->ttl;
    use.declared = found->pattern;
    const auto words = words_of(pattern);
    const auto declared_words = words_of(platform::parse_key_pattern(found->pattern));
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (is_of_session(word) || is_of_session(declared_words[i])) {
            if (word != declared_words[i]) {
                mistakes.push_back(
                    {use.place,
                     fmt::format("the key {} has {{{}}} where [cache.keys] has "
                                 "{{{}}}",
                                 use.pattern, word, declared_words[i]),
                     "{tenant} and {role} come from the session, under these names"});
            }
        } else if (std::ranges::find(query.parameters, word, &Parameter::name) ==
                   query.parameters.end()) {
            mistakes.push_back({use.place,
                                fmt::format("the key {} needs {{{}}}, and the query has no "
                                            "parameter @{}",
                                            use.pattern, word, word),
                                "name parameters in the braces"});
            return;
        }
    }
    check_covered(query, words, mistakes);
}

void check_names(const Parsed& parsed, const platform::Manifest& manifest,
                 std::vector<Mistake>& mistakes) {
    std::map<std::pair<std::string, std::string>, Place> names;
    std::map<std::string, std::vector<const Query*>> by_database;
    const std::string first = manifest.databases.empty() ? "" : manifest.databases.front().key;
    for (const auto& query : parsed.queries) {
        const auto database = query.database.empty() ? first : query.database;
        const auto [other, is_new] = names.emplace(std::pair(database, query.name), query.place);
        if (is_new) {
            by_database[database].push_back(&query);
        } else {
            mistakes.push_back({query.place,
                                fmt::format("a second query is named \"{}\"", query.name),
                                fmt::format("the first is at {}", other->second.text())});
        }
    }
    for (const auto& [database, queries] : by_database) {
        check_mangled_names(queries, mistakes);
    }
}

}  // namespace

void check_mangled_names(const std::vector<const Query*>& queries, std::vector<Mistake>& mistakes) {
    std::map<std::string, const Query*> taken;
    for (const auto* query : queries) {
        // Of its function, of its structs, and of what it has for the cache.
        std::vector<std::string> names = {identifier(query->name), camel_case(query->name)};
        if (query->cache) {
            names.push_back(identifier(query->name) + "_cache_key");
            names.push_back(identifier(query->name) + "_cache_ttl");
        }
        for (const auto& name : names) {
            const auto [other, is_new] = taken.emplace(name, query);
            if (!is_new && other->second != query) {
                mistakes.push_back(
                    {query->place,
                     fmt::format("queries \"{}\" and \"{}\" would both be {} in C++",
                                 other->second->name, query->name, name),
                     fmt::format("rename one; the first is at {}", other->second->place.text())});
                break;
            }
        }
    }
}

Parsed load(const platform::Manifest& manifest) {
    Parsed all;
    std::vector<std::string> databases;
    for (const auto& database : manifest.databases) {
        databases.push_back(database.key);
    }
    for (const auto& file :
         platform::files_of(manifest.directory / "queries", {".sql"}, folder_depth)) {
        auto parsed = parse(normalise_lines(file.text), "queries/" + file.name);
        // queries/auth/users.sql belongs to the database `auth`, unless it says another.
        const auto folder = file.name.substr(0, file.name.find('/'));
        const bool is_database = file.name.find('/') != std::string::npos &&
                                 std::ranges::find(databases, folder) != databases.end();
        for (auto& query : parsed.queries) {
            if (query.database.empty() && is_database) {
                query.database = folder;
            }
            all.queries.push_back(std::move(query));
        }
        std::ranges::move(parsed.mistakes, std::back_inserter(all.mistakes));
    }
    std::vector<std::string> features;
    for (const auto& [feature, is_on] : manifest.features) {
        features.push_back(feature);
    }
    for (auto& query : all.queries) {
        require_known(query.database, databases, "database", query.place, all.mistakes);
        require_known(query.feature, features, "feature", query.place, all.mistakes);
        if (query.cache) {
            check_cache(query, manifest, all.mistakes);
        }
    }
    check_names(all, manifest, all.mistakes);
    return all;
}

std::vector<Query> of_database(const std::vector<Query>& queries,
                               const platform::Manifest& manifest,
                               const platform::Database& database) {
    std::vector<Query> chosen;
    std::ranges::copy_if(queries, std::back_inserter(chosen), [&](const Query& query) {
        const auto& key = query.database.empty() ? manifest.databases.front().key : query.database;
        return key == database.key && (query.feature.empty() || manifest.feature(query.feature));
    });
    return chosen;
}

void throw_mistakes(std::vector<Mistake> mistakes) {
    if (mistakes.empty()) {
        return;
    }
    std::ranges::stable_sort(mistakes, [](const Mistake& a, const Mistake& b) {
        return std::tie(a.place.file, a.place.line, a.place.column) <
               std::tie(b.place.file, b.place.line, b.place.column);
    });
    auto message = fmt::format("{} in the queries:", counted(mistakes.size(), "mistake"));
    for (const auto& mistake : mistakes) {
        message += fmt::format("\n  {}: {}{}", mistake.place.text(), mistake.message,
                               mistake.remedy.empty() ? "" : " (" + mistake.remedy + ")");
    }
    throw Error(Code::platform_invalid, message,
                "mend the places named; see docs/reference/queries.md")
        .at(mistakes.front().place);
}

}  // namespace caisson::queries
