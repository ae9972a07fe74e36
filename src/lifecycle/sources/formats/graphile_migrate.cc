// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/graphile_header.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

/// Where the committed files lie: in `committed`, or in the folder itself when it is that one.
std::string committed(const Folder& folder) {
    return folder.has_folder("committed") ? "committed/" : "";
}

/// The number of `000001.sql` and `000001-message.sql`; nothing for any other name.
std::optional<std::string> number_of(std::string_view file) {
    const auto digits = leading_digits(file);
    const auto rest = file.substr(digits.size());
    const bool is_named =
        digits.size() >= 6 && rest.ends_with(".sql") && (rest == ".sql" || rest.front() == '-');
    return is_named ? std::optional(std::string(digits)) : std::nullopt;
}

std::vector<std::string> committed_files(const Folder& folder) {
    const auto place = committed(folder);
    std::vector<std::string> files;
    for (const auto& file : folder.files(std::string(parent_name(place)))) {
        if (number_of(base_name(file))) {
            files.push_back(file);
        }
    }
    return files;
}

Claim detect_graphile_migrate(const Folder& folder) {
    const auto files = committed_files(folder);
    Claim claim;
    if (!files.empty() && folder.head(files.front()).starts_with("--! ")) {
        claim.certainty = 95;
        claim.evidence.push_back(fmt::format("{} with --! headers, such as {}",
                                             counted(files.size(), "file"), files.front()));
    }
    if (folder.has_folder("committed") &&
        (folder.has_file("current.sql") || folder.has_folder("current"))) {
        claim.certainty = std::max(claim.certainty, 85);
        claim.evidence.emplace_back("committed/ and current.sql beside one another");
    }
    return claim;
}

/// The next `:NAME` that is a whole word, and no cast; npos when there is none.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
    for (auto at = text.find(word, from); at != text.npos; at = text.find(word, at + 1)) {
        const auto after = text.substr(at + word.size());
        const bool ends =
            after.empty() ||
            (std::isalnum(static_cast<unsigned char>(after[0])) == 0 && after[0] != '_');
        if (ends && (at == 0 || text[at - 1] != ':')) {
            return at;
        }
    }
    return std::string_view::npos;
}

/// With the values of the source for `:DATABASE_NAME` and the project's own `:NAME`.
std::string replaced(Loading& loading, const std::string& name, std::string text) {
    for (const auto& [key, value] : loading.source.placeholders) {
        const auto word = key.starts_with(':') ? key : ":" + key;
        for (auto at = find_word(text, word, 0); at != std::string::npos;
             at = find_word(text, word, at + value.size())) {
            text.replace(at, word.size(), value);
        }
    }
    for (const char* known : {":DATABASE_NAME", ":DATABASE_OWNER"}) {
        if (const auto at = find_word(text, known, 0); at != std::string::npos) {
            loading.complain(
                name,
                fmt::format("{} has no value; give it one under placeholders of the source", known),
                line_of(text, at));
        }
    }
    return text;
}

void load_graphile_migrate(Loading& loading) {
    const auto files = committed_files(loading.folder);
    const auto contents = loading.read(files, Long::hold);
    std::string previous;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!contents[i].mistake.empty()) {
            continue;
        }
        const auto header = read_graphile_header(contents[i].text);
        const auto complain = [&](std::string message) {
            loading.complain(files[i], std::move(message));
        };
        if (header.hash.empty() || header.previous.empty()) {
            complain(fmt::format("has no line --! {}:", header.hash.empty() ? "Hash" : "Previous"));
            continue;
        }
        const auto parent = header.previous == "-" ? "" : header.previous;
        if (parent != previous) {
            complain(fmt::format("follows {}, but the file before it is {}",
                                 parent.empty() ? "nothing" : parent,
                                 previous.empty() ? "none" : previous));
        } else if (header.hash != graphile_hash(contents[i].text, header, parent) &&
                   !header.allows_invalid_hash) {
            complain(fmt::format("has been edited: its hash is {}, the header says {}",
                                 graphile_hash(contents[i].text, header, parent), header.hash));
        }
        previous = header.hash;
        Migration migration;
        migration.version = *number_of(base_name(files[i]));
        const auto stem = base_name(files[i]);
        migration.name = stem.substr(migration.version.size());
        migration.name.resize(migration.name.size() - std::string_view(".sql").size());
        migration.name.erase(0, migration.name.starts_with('-') ? 1 : 0);
        migration.tool_checksum = header.hash;
        const auto text = section(contents[i].text, {{header.body, contents[i].text.size()}});
        migration.up = loading.section_script(files[i], replaced(loading, files[i], text));
        migration.up.directives.no_transaction = header.no_transaction;
        loading.migrations.push_back(std::move(migration));
    }
    if (loading.folder.has_file("current.sql")) {
        loading.note("current.sql", "is not committed yet, and is left to graphile-migrate");
    }
    loading.require_distinct_keys();
}

Created create_graphile_migrate(const platform::Source& source, const NewMigration& wanted) {
    const Folder folder(source.path);
    const auto files = committed_files(folder);
    std::vector<std::string> numbers;
    for (const auto& file : files) {
        numbers.push_back(*number_of(base_name(file)));
    }
    const auto previous = files.empty()
                              ? std::string("-")
                              : read_graphile_header(folder.text(files.back()).value_or("")).hash;
    const auto body = description_lines(wanted.description) + "-- " + wanted.name + "\n";
    GraphileHeader header;
    const auto hash = graphile_hash(body, header, previous == "-" ? "" : previous);
    const auto place = files.empty() ? std::string("committed/") : committed(folder);
    const Created created{
        source.path / fmt::format("{}{}-{}.sql", place, next_number(numbers, "000001"),
                                  slug(wanted.name, '-')),
        {},
        {}};
    ensure_directory(created.up.parent_path());
    write_file(created.up, fmt::format("--! Previous: {}\n--! Hash: {}\n--! Message: {}\n"
                                       "--! AllowInvalidHash\n\n{}",
                                       previous, hash, wanted.name, body));
    return created;
}

}  // namespace

GraphileHeader read_graphile_header(std::string_view text) {
    GraphileHeader header;
    bool in_header = true;
    bool in_body_comments = true;
    each_line(text, [&](std::string_view line, std::size_t begin, std::size_t end) {
        if (in_header && line.starts_with("--! ") && line.size() > 4 && line[4] >= 'A' &&
            line[4] <= 'Z') {
            const auto colon = line.find(':');
            const auto key = trim(line.substr(4, colon == line.npos ? line.npos : colon - 4));
            const auto value = colon == line.npos ? "" : trim(line.substr(colon + 1));
            if (key == "Previous") {
                header.previous = value;
            } else if (key == "Hash") {
                header.hash = value;
            } else if (key == "Message") {
                header.message = value;
            } else if (key == "AllowInvalidHash") {
                header.allows_invalid_hash = true;
            }
            header.body = end;
            return;
        }
        in_header = false;
        if (in_body_comments && begin >= header.body) {
            const auto content = trim(line);
            in_body_comments = content.empty() || content.starts_with("--");
            if (content.starts_with("--!") &&
                trim(content.substr(3)).starts_with("no-transaction")) {
                header.no_transaction = true;
            }
        }
    });
    return header;
}

std::string graphile_hash(std::string_view text, const GraphileHeader& header,
                          const std::string& previous) {
    // Lines that a checkout has turned into CRLF are the committed ones.
    const auto body = normalise_lines(text.substr(header.body));
    const auto whole = previous + "\n" + std::string(trim(body));
    return "sha1:" + sha1_hex(std::string(trim(whole)) + "\n");
}

Format graphile_migrate_format() {
    return {"graphile-migrate",      "graphile-migrate",    "graphile_migrate.migrations",
            detect_graphile_migrate, load_graphile_migrate, create_graphile_migrate};
}

}  // namespace caisson::sources
