// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/keys.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/append.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "platform/environment.h"
#include "trust/journal/entry.h"

namespace caisson::journal {
namespace {

/// Holds the private key where the machine keeps no state: set, or declared under [variables], so
/// that it may come from a file or a program.
constexpr const char* key_variable = "CAISSON_JOURNAL_KEY";

fs::path key_file(const trust::Run& run) { return run.state.secrets() / "journal-key"; }
fs::path list_of(const trust::Run& run) { return directory_of(run) / "keys.ndjson"; }

/// One at a time makes a key: of two first runs, the second signs with what the first made.
/// Without, each would sign with its own, and nobody would vouch for the one that was overwritten.
FileLock lock_keys(const trust::Run& run) {
    const auto path = run.state.secrets() / "journal-key.lock";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    make_directory(run.state.secrets(), 0700, run.account);
    while (true) {
        if (auto lock = FileLock::try_lock(path, "making the key of the journal")) {
            // The daemon takes it as the servers' account later.
            if (run.account && ::geteuid() == 0 &&
                ::lchown(path.c_str(), run.account->user, run.account->group) != 0) {
                throw_file_error("change the owner of", path, errno);
            }
            return std::move(*lock);
        }
        interrupt::check();
        if (std::chrono::steady_clock::now() >= deadline) {
            throw Error(Code::locked, fmt::format("the key of the journal is being made by {}",
                                                  FileLock::holder(path)))
                .with("path", path.string());
        }
        ::poll(nullptr, 0, 5);
    }
}

/// The introduction comes first: a key that is used is always known.
void keep(const trust::Run& run, const SigningKey& key, const Introduction& introduction) {
    make_directory(directory_of(run), 0755, run.account);
    append_line(list_of(run), to_json(introduction), 0644, run.account);
    make_directory(run.state.secrets(), 0700, run.account);
    write_file(key_file(run), key.pem().reveal(), 0600, run.account);
}

std::vector<Introduction> listed_keys(const trust::Run& run) {
    std::vector<Introduction> keys;
    for (const auto& line : split(read_own(list_of(run)).value_or(""), '\n')) {
        if (auto introduction = parse_introduction(line)) {
            keys.push_back(std::move(*introduction));
        }
    }
    return keys;
}

std::string member(const boost::json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : "";
}

bool declares_key(const trust::Run& run) {
    const auto& variables = run.manifest.variables;
    return std::any_of(variables.begin(), variables.end(), [](const platform::Variable& variable) {
        return variable.name == key_variable;
    });
}

/// Whether the key is not ours to make: the variable is declared, or just set.
bool is_given(const trust::Run& run) {
    const auto found = run.variables.find(key_variable);
    return declares_key(run) || (found != run.variables.end() && !found->second.empty());
}

std::optional<SigningKey> given_key(const trust::Run& run) {
    const auto value = declares_key(run)
                           ? platform::value_of(run.manifest, key_variable, run.variables)
                           : std::optional(Secret(run.variables.at(key_variable)));
    if (!value || value->reveal().empty()) {
        return std::nullopt;
    }
    try {
        return SigningKey::parse(*value);
    } catch (Error& error) {
        error.with("variable", key_variable);
        throw;
    }
}

}  // namespace

fs::path directory_of(const trust::Run& run) { return run.state.root / "journal"; }

std::string introduction_message(std::string_view public_key) {
    std::string bytes;
    add_netstring(bytes, "caisson-journal-key-1");
    add_netstring(bytes, public_key);
    return bytes;
}

Introduction introduce(const SigningKey& key) {
    return {key_id(key.public_key()), key.public_key(), "", ""};
}

Introduction introduce(const SigningKey& key, const SigningKey& by) {
    return {key_id(key.public_key()), key.public_key(), key_id(by.public_key()),
            by.sign(introduction_message(key.public_key()))};
}

std::string to_json(const Introduction& introduction) {
    return boost::json::serialize(boost::json::object{{"key", introduction.key},
                                                      {"public_key", introduction.public_key},
                                                      {"previous", introduction.previous},
                                                      {"signature", introduction.signature}});
}

std::optional<Introduction> parse_introduction(std::string_view json) {
    boost::system::error_code failure;
    const auto value = boost::json::parse(json, failure);
    if (failure || !value.is_object()) {
        return std::nullopt;
    }
    const auto& object = value.get_object();
    Introduction introduction{member(object, "key"), member(object, "public_key"),
                              member(object, "previous"), member(object, "signature")};
    if (introduction.key.empty() || introduction.key != key_id(introduction.public_key)) {
        return std::nullopt;
    }
    return introduction;
}

std::optional<SigningKey> find_key(const trust::Run& run) {
    if (is_given(run)) {
        return given_key(run);
    }
    const auto own = read_own(key_file(run));
    if (!own) {
        return std::nullopt;
    }
    try {
        return SigningKey::parse(Secret(*own));
    } catch (Error& error) {
        error.with("file", key_file(run));
        throw;
    }
}

namespace {

/// The key of the state directory, made when there is none; below lock_keys().
SigningKey made_key(const trust::Run& run) {
    if (auto key = find_key(run)) {
        return std::move(*key);
    }
    auto key = SigningKey::generate();
    keep(run, key, introduce(key));
    return key;
}

}  // namespace

std::optional<SigningKey> ensure_key(const trust::Run& run) {
    auto key = find_key(run);
    if (key || is_given(run)) {
        return key;
    }
    const auto lock = lock_keys(run);
    return made_key(run);
}

SigningKey rotate_key(const trust::Run& run) {
    if (is_given(run)) {
        throw Error(Code::usage,
                    fmt::format("the key of the journal comes from the variable {}", key_variable),
                    "give the variable another key where it is kept; `caisson journal verify "
                    "--public-key` takes a file with both public keys");
    }
    const auto lock = lock_keys(run);
    const auto old = made_key(run);
    auto key = SigningKey::generate();
    keep(run, key, introduce(key, old));
    return key;
}

std::vector<Introduction> known_keys(const trust::Run& run) {
    if (!is_given(run)) {
        return listed_keys(run);
    }
    const auto key = given_key(run);
    return key ? std::vector{introduce(*key)} : std::vector<Introduction>{};
}

}  // namespace caisson::journal
