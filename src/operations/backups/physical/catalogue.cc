// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/catalogue.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace caisson::backups::physical {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

Entry entry_of(const json::object& object) {
    Entry entry;
    entry.label = text_of(object, "label");
    entry.type = text_of(object, "type");
    entry.prior = text_of(object, "prior");
    if (const auto* const references = object.if_contains("reference");
        references && references->is_array()) {
        for (const auto& each : references->as_array()) {
            entry.references.emplace_back(each.as_string());
        }
    }
    const auto& moments = object.at("timestamp").as_object();
    entry.started = moments.at("start").to_number<std::int64_t>();
    entry.stopped = moments.at("stop").to_number<std::int64_t>();
    if (const auto* const lsn = object.if_contains("lsn"); lsn && lsn->is_object()) {
        entry.lsn_start = text_of(lsn->as_object(), "start");
        entry.lsn_stop = text_of(lsn->as_object(), "stop");
    }
    const auto& archive = object.at("archive").as_object();
    entry.wal_start = text_of(archive, "start");
    entry.wal_stop = text_of(archive, "stop");
    const auto& sizes = object.at("info").as_object();
    entry.bytes = sizes.at("size").to_number<std::uint64_t>();
    entry.stored_bytes = sizes.at("repository").at("delta").to_number<std::uint64_t>();
    if (const auto* const notes = object.if_contains("annotation"); notes && notes->is_object()) {
        entry.set = text_of(notes->as_object(), "caisson");
    }
    const auto* const errors = object.if_contains("error");
    entry.has_errors = errors && errors->is_bool() && errors->as_bool();
    return entry;
}

Listing listing_of(const json::object& object) {
    Listing listing;
    listing.stanza = text_of(object, "name");
    for (const auto& each : object.at("db").as_array()) {
        listing.system_identifier = std::to_string(each.at("system-id").to_number<std::uint64_t>());
    }
    for (const auto& each : object.at("archive").as_array()) {
        const auto& archive = each.as_object();
        listing.archive_id = text_of(archive, "id");
        listing.archive_min = text_of(archive, "min");
        listing.archive_max = text_of(archive, "max");
    }
    for (const auto& each : object.at("backup").as_array()) {
        listing.entries.push_back(entry_of(each.as_object()));
    }
    for (const auto& each : object.at("repo").as_array()) {
        listing.repository = each.at("key").to_number<int>();
        const auto& status = each.at("status").as_object();
        // 1 and 2: nothing was backed up yet.
        if (status.at("code").to_number<int>() > 2) {
            // It goes on with the bytes of the file that it could not read.
            const auto message = text_of(status, "message");
            listing.problem = message.substr(0, message.find('\n'));
        }
    }
    return listing;
}

}  // namespace

std::vector<Listing> parse_info(std::string_view text) {
    try {
        std::vector<Listing> listings;
        // What it quotes of a broken file need not be UTF-8.
        json::parse_options options;
        options.allow_invalid_utf8 = true;
        const auto value = json::parse(json::string_view(text.data(), text.size()), {}, options);
        for (const auto& each : value.as_array()) {
            listings.push_back(listing_of(each.as_object()));
        }
        return listings;
    } catch (const std::exception& failure) {
        throw Error(Code::backup_failed,
                    fmt::format("pgbackrest info gave something else than was expected: {}",
                                failure.what()));
    }
}

std::vector<std::string> parse_tablespaces(std::string_view text) {
    try {
        std::vector<std::string> names;
        const auto value = json::parse(json::string_view(text.data(), text.size()));
        for (const auto& stanza : value.as_array()) {
            for (const auto& backup : stanza.at("backup").as_array()) {
                const auto* const found = backup.as_object().if_contains("tablespace");
                if (found && found->is_array()) {
                    for (const auto& each : found->as_array()) {
                        names.push_back(text_of(each.as_object(), "name"));
                    }
                }
            }
        }
        return names;
    } catch (const std::exception& failure) {
        throw Error(Code::backup_failed,
                    fmt::format("pgbackrest info gave something else than was expected: {}",
                                failure.what()));
    }
}

std::vector<std::string> tablespaces_of(const Engine& engine, const std::string& stanza, int depot,
                                        const std::string& label) {
    return parse_tablespaces(
        engine
            .run(stanza, "info",
                 {"--output=json", "--repo=" + std::to_string(depot), "--set=" + label})
            .output);
}

std::vector<Listing> listings_of(const trust::Run& run, const Engine& engine, const Depot& depot) {
    std::vector<std::string> stanzas;
    const auto prefix = stanza_prefix(run);
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(depot.path / "archive", failure)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with(prefix) &&
            name.find_first_not_of("0123456789", prefix.size()) == std::string::npos) {
            stanzas.push_back(name);
        }
    }
    std::ranges::sort(stanzas);
    std::vector<Listing> listings;
    for (const auto& stanza : stanzas) {
        const auto answer =
            engine.run(stanza, "info", {"--output=json", "--repo=" + std::to_string(depot.number)});
        if (answer.output.find("unable to load info file") != std::string::npos) {
            // It quotes the bytes that it could not read, and is no JSON then.
            Listing unreadable;
            unreadable.repository = depot.number;
            unreadable.stanza = stanza;
            unreadable.system_identifier = stanza.substr(prefix.size());
            unreadable.problem = "its list does not open: another key's, or damaged";
            listings.push_back(std::move(unreadable));
            continue;
        }
        for (auto& listing : parse_info(answer.output)) {
            listings.push_back(std::move(listing));
        }
    }
    return listings;
}

std::vector<Joined> join_sets(const std::string& repository, const std::vector<Listing>& listings,
                              const std::vector<Found>& sets) {
    std::vector<Joined> joined;
    std::vector<std::string> seen;
    for (const auto& listing : listings) {
        for (const auto& entry : listing.entries) {
            Joined each{repository, listing.stanza, std::nullopt, entry, {}};
            const auto set = std::ranges::find_if(sets, [&](const Found& found) {
                return found.set.label == entry.label &&
                       listing.stanza.ends_with("-" + found.set.system_identifier);
            });
            if (set != sets.end()) {
                each.set = *set;
                seen.push_back(set->set.id);
                each.mistake = set->mistake;
            } else {
                each.mistake = entry.set.empty()
                                   ? "it was not made by Caisson"
                                   : "it has no manifest: its maker was killed, or the manifest "
                                     "was removed";
            }
            if (each.mistake.empty() && entry.has_errors) {
                each.mistake = "pages of the cluster were damaged when it was made";
            }
            joined.push_back(std::move(each));
        }
    }
    for (const auto& found : sets) {
        const bool counts = found.set.is_physical() || !found.mistake.empty();
        if (counts && !std::ranges::count(seen, found.set.id)) {
            joined.push_back({repository,
                              {},
                              found,
                              std::nullopt,
                              found.mistake.empty()
                                  ? "its files are gone: pgBackRest has no " + found.set.label
                                  : found.mistake});
        }
    }
    return joined;
}

Information info(const trust::Run& run) {
    Information information;
    const Engine engine(run);
    const auto repositories = repositories_of(run);
    for (const auto& depot : depots_of(run)) {
        if (!depot.is_directory()) {
            information.problems.push_back(
                fmt::format("repository {} is an object store: not looked at", depot.name));
            continue;
        }
        const auto found = std::ranges::find(repositories, depot.name, &Repository::name);
        if (!found->is_there()) {
            information.problems.push_back(
                fmt::format("repository {} is not there: {}", depot.name, found->path().string()));
            continue;
        }
        try {
            const auto listings = listings_of(run, engine, depot);
            for (const auto& listing : listings) {
                if (!listing.problem.empty()) {
                    information.problems.push_back(fmt::format(
                        "{} in repository {}: {}", listing.stanza, depot.name, listing.problem));
                }
            }
            auto joined = join_sets(depot.name, listings, found->sets());
            std::ranges::move(joined, std::back_inserter(information.backups));
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            information.problems.push_back(
                fmt::format("repository {}: {}", depot.name, error.message()));
        }
    }
    return information;
}

}  // namespace caisson::backups::physical
