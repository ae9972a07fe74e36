// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/failures.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::backups::physical {
namespace {

constexpr std::string_view mark = "ERROR: [";
constexpr std::size_t longest_text = 600;

/// The text of a broken file may be quoted in an error.
std::string printable(std::string_view text) {
    std::string result;
    for (const char byte : text) {
        if (static_cast<unsigned char>(byte) < 0x20 || static_cast<unsigned char>(byte) > 0x7e) {
            result += byte == '\n' || byte == '\t' ? " " : "";
        } else if (byte != ' ' || result.empty() || result.back() != ' ') {
            result += byte;
        }
        if (result.size() == longest_text) {
            return result + "...";
        }
    }
    return std::string(trim(result));
}

/// The part before pgBackRest's guesses.
std::string said(const Complaint& complaint) {
    return std::string(
        trim(std::string_view(complaint.text).substr(0, complaint.text.find("HINT:"))));
}

Error of_info_file(const Complaint& complaint, InfoFile info, bool has_key) {
    const auto path = unreadable_info(complaint).value_or(fs::path()).string();
    if (info == InfoFile::missing) {
        return {Code::backup_missing,
                fmt::format("the repository has no {}: nothing was ever archived or backed up "
                            "there, or it was removed",
                            path),
                "caisson backup create"};
    }
    if (info == InfoFile::sealed && !has_key) {
        return {Code::backup_key,
                fmt::format("{} is encrypted, and backups.encrypt is false", path),
                "set encrypt = true and give the key that it was made with"};
    }
    if (info == InfoFile::plain && has_key) {
        return {Code::backup_key,
                fmt::format("{} is not encrypted, and backups.encrypt is true", path),
                "set encrypt = false, or name a repository that is empty"};
    }
    if (info == InfoFile::plain) {
        return {Code::backup_damaged, fmt::format("{} is damaged: {}", path, said(complaint))};
    }
    return {Code::backup_key,
            fmt::format("{} does not open with this passphrase: it is another one's, or the file "
                        "is damaged",
                        path),
            "give the key that the repository was made with"};
}

bool has(const Complaint& complaint, std::string_view part) {
    return complaint.text.find(part) != std::string::npos;
}

/// A disk that fills up takes a part of a block, which is no error to write(2): pgBackRest then
/// tells of whatever error was the last before it, or of none.
bool is_cut_short(const Complaint& complaint) {
    return has(complaint, "unable to write '") &&
           std::ranges::none_of(
               std::array{EPERM, EIO, EBADF, EACCES, EROFS, EFBIG},
               [&](int error) { return has(complaint, fmt::format("': [{}] ", error)); });
}

Error of_code(std::string_view command, int status, const Complaint& complaint) {
    if (has(complaint, "No space left") || has(complaint, "Disk quota exceeded") ||
        is_cut_short(complaint)) {
        return {Code::disk_full,
                fmt::format("the disk is full ({}): {}", command, said(complaint))};
    }
    switch (complaint.code) {
        case 26:
        case 44:
            return {Code::backup_damaged, said(complaint)};
        case 38:
            return {Code::backup_failed,
                    fmt::format("PostgreSQL runs on the directory: {}", said(complaint)),
                    "stop it first"};
        case 40:
            return {Code::backup_failed,
                    fmt::format("the directory is not empty: {}", said(complaint)),
                    "name one that does not exist yet"};
        case 50:
            return {Code::locked,
                    fmt::format("another pgBackRest works on this stanza: {}", said(complaint)),
                    "wait until that is done"};
        case 29:
        case 55:
            if (command == "restore") {  // A file of the backup is another than it was, or gone.
                return {Code::backup_damaged, said(complaint)};
            }
            break;
        case 56:
            return {Code::cannot_connect, said(complaint)};
        case 75:
            return {Code::backup_missing, said(complaint)};
        case 82:
            return {Code::backup_failed,
                    fmt::format("the segments that the backup needs were not archived in time: {}",
                                said(complaint)),
                    "look at the archive: caisson backup show, and the server's log"};
        case 95:
            return {
                Code::backup_damaged,
                fmt::format("a file of the repository cannot be decrypted: {}", said(complaint))};
        default:
            break;
    }
    if (has(complaint, "do not match the database") || has(complaint, "backup and archive info")) {
        return {Code::backup_failed,
                fmt::format("the stanza is of another cluster: {}", said(complaint)),
                "a repository's stanza belongs to one cluster; nothing was mixed"};
    }
    return {Code::backup_failed,
            fmt::format("pgbackrest {} ended with {}: {}", command, status,
                        complaint.text.empty() ? "it said nothing" : said(complaint))};
}

}  // namespace

std::optional<Complaint> complaint_of(std::string_view output) {
    const auto at = output.rfind(mark);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    Complaint complaint;
    const auto* const begin = output.data() + at + mark.size();
    std::from_chars(begin, output.data() + output.size(), complaint.code);
    // A line of the log that begins with a date ends it.
    std::string text;
    bool is_first = true;
    for (const auto& line : split(output.substr(at), '\n')) {
        const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
        if (!is_first && !goes_on) {
            break;
        }
        const auto from = is_first ? line.find("]: ") : std::string::npos;
        text += (from == std::string::npos ? line : line.substr(from + 3)) + "\n";
        is_first = false;
    }
    complaint.text = printable(text);
    return complaint;
}

std::optional<fs::path> unreadable_info(const Complaint& complaint) {
    constexpr std::string_view words = "unable to load info file '";
    const auto at = complaint.text.find(words);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const auto from = at + words.size();
    return fs::path(complaint.text.substr(from, complaint.text.find('\'', from) - from));
}

Error error_of(std::string_view command, int status, const Complaint& complaint, InfoFile info,
               bool has_key) {
    auto error = unreadable_info(complaint) ? of_info_file(complaint, info, has_key)
                                            : of_code(command, status, complaint);
    error.with("pgbackrest", fmt::format("[{:03}] {}", complaint.code, complaint.text));
    return error;
}

}  // namespace caisson::backups::physical
