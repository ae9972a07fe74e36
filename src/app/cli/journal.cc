// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iostream>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/journaling.h"
#include "base/text.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

pg::Connection connect(Context& context, const platform::Database& database) {
    return pg::Connection(trust::role_settings(context.run(), database, trust::Role::auditor));
}

/// --since is the number of an entry, or a time.
journal::Selection selection_of(Context& context) {
    journal::Selection selection;
    const auto since = context.arguments().value("--since");
    const auto* const end = since.data() + since.size();
    if (!since.empty() &&
        std::from_chars(since.data(), end, selection.from) != std::from_chars_result{end, {}}) {
        selection.from = 1;
        selection.since = since;
    }
    selection.run = context.arguments().value("--run");
    selection.kind = context.arguments().value("--kind");
    return selection;
}

boost::json::value detail_of(const journal::Entry& entry) {
    boost::system::error_code failure;
    auto detail = boost::json::parse(entry.detail, failure);
    return failure ? boost::json::value(entry.detail) : detail;
}

/// The one or two members of a detail that a reader wants to see.
std::string gist_of(const journal::Entry& entry) {
    const auto detail = detail_of(entry);
    if (!detail.is_object()) {
        return "";
    }
    const auto& object = detail.get_object();
    if (const auto* const files = object.if_contains("files"); files && files->is_array()) {
        return counted(files->get_array().size(), "file");
    }
    for (const std::string_view member : {"message", "text", "file", "database", "key"}) {
        const auto* const value = object.if_contains(member);
        if (value && value->is_string() && value->get_string() != entry.subject) {
            const std::string text(value->get_string());
            return text.substr(0, text.find('\n'));
        }
    }
    return "";
}

Exit run_show(Context& context) {
    const auto selection = selection_of(context);
    boost::json::array rows;
    for (const auto& database : context.databases()) {
        auto connection = connect(context, database);
        context.print(context.bold(database.name));
        boost::json::array list;
        const auto count = journal::read(connection, selection, [&](const journal::Entry& entry) {
            context.print(fmt::format("{:>6}  {}  {}  {:<9} {:<24} {}", entry.sequence, entry.at,
                                      entry.run.substr(0, 8), entry.kind, entry.subject,
                                      context.dim(gist_of(entry))));
            if (context.json()) {
                auto row = boost::json::parse(journal::to_line(entry)).as_object();
                row["detail"] = detail_of(entry);
                list.push_back(std::move(row));
            }
        });
        if (count == 0) {
            context.print("  no entries");
        }
        rows.push_back(
            boost::json::object{{"database", database.name}, {"entries", std::move(list)}});
    }
    context.result()["databases"] = std::move(rows);
    return Exit::fine;
}

boost::json::object json_of(const std::string& name, const journal::Verdict& verdict) {
    boost::json::array findings;
    for (const auto& finding : verdict.findings) {
        findings.push_back(boost::json::object{{"kind", journal::name_of(finding.kind)},
                                               {"first", finding.first},
                                               {"last", finding.last},
                                               {"text", finding.text}});
    }
    return {{"database", name},
            {"uuid", verdict.database},
            {"holds", verdict.holds()},
            {"entries", verdict.entries},
            {"first", verdict.first},
            {"last", verdict.last},
            {"hash", verdict.hash},
            {"epoch", verdict.epoch},
            {"signatures", verdict.signatures},
            {"signed_through", verdict.signed_through},
            {"heads", verdict.heads},
            {"findings", std::move(findings)},
            {"more_findings", verdict.more},
            {"notes", boost::json::array(verdict.notes.begin(), verdict.notes.end())}};
}

void print_verdict(Context& context, const std::string& name, const journal::Verdict& verdict) {
    for (const auto& finding : verdict.findings) {
        context.print(fmt::format("  {} {}", context.red("✗"), finding.text));
    }
    if (verdict.more > 0) {
        context.print(fmt::format("  and {} more", verdict.more));
    }
    for (const auto& note : verdict.notes) {
        context.print("  → " + note);
    }
    if (!verdict.holds()) {
        context.print(fmt::format(
            "{}: {} in {}", name, counted(verdict.findings.size() + verdict.more, "finding"),
            counted(static_cast<std::size_t>(verdict.entries), "entry", "entries")));
    } else if (verdict.entries == 0) {
        context.print(fmt::format("{}: the journal is empty", name));
    } else {
        context.print(fmt::format(
            "{}: {} {}, {}, {}", name,
            counted(static_cast<std::size_t>(verdict.entries), "entry", "entries"),
            verdict.entries == 1 ? "holds" : "hold",
            verdict.signed_through == 0 ? "none is signed"
                                        : fmt::format("signed through {}", verdict.signed_through),
            verdict.heads == 0 ? "no head to compare with"
                               : counted(verdict.heads, "head agrees", "heads agree")));
    }
}

/// What --heads and --public-key give.
void add_given(Context& context, journal::Expectation& expectation) {
    const auto& arguments = context.arguments();
    if (arguments.has("--heads")) {
        const auto file = arguments.value("--heads");
        std::vector<std::string> mistakes;
        const auto heads = journal::parse_heads(read_file(file), mistakes);
        if (!mistakes.empty() || heads.empty()) {
            throw Error(
                Code::usage,
                fmt::format("{}: {}", file,
                            mistakes.empty() ? "there is no head in it" : join(mistakes, "; ")),
                "give what `caisson journal export --head` printed");
        }
        expectation.heads.insert(expectation.heads.end(), heads.begin(), heads.end());
    }
    if (arguments.has("--public-key")) {
        const auto file = arguments.value("--public-key");
        try {
            expectation.trusted = public_keys_of(read_file(file));
        } catch (Error& error) {
            error.with("file", file);
            throw;
        }
        expectation.known.clear();
    }
}

journal::Verdict verify_file(Context& context, const std::string& file) {
    journal::Expectation expectation;
    add_given(context, expectation);
    journal::Verifier verifier(std::move(expectation));
    std::ifstream opened;
    if (file != "-") {
        opened.open(file, std::ios::binary);
        if (!opened) {
            throw Error(Code::usage, fmt::format("cannot read {}: {}", file, std::strerror(errno)),
                        "give a file that `caisson journal export` wrote");
        }
    }
    std::istream& input = file == "-" ? std::cin : opened;
    std::string line;
    std::string mistake;
    for (std::size_t number = 1; std::getline(input, line); ++number) {
        if (const auto entry = journal::parse_line(line, mistake)) {
            verifier.take(*entry);
        } else if (!trim(line).empty()) {
            verifier.unreadable(number, mistake);
        }
    }
    return verifier.finish();
}

journal::Verdict verify_database(Context& context, const platform::Database& database) {
    auto connection = connect(context, database);
    auto expectation = expectation_of(context.run(), database);
    add_given(context, expectation);
    const auto identity = trust::read_identity(connection);
    expectation.database = identity ? identity->uuid : "";
    journal::Verifier verifier(std::move(expectation));
    journal::read(connection, {}, [&](const auto& entry) { verifier.take(entry); });
    return verifier.finish();
}

Exit run_verify(Context& context) {
    boost::json::array rows;
    bool holds = true;
    const auto report = [&](const std::string& name, const journal::Verdict& verdict) {
        print_verdict(context, name, verdict);
        rows.push_back(json_of(name, verdict));
        holds = holds && verdict.holds();
    };
    if (const auto file = context.arguments().positional(); !file.empty()) {
        report(file, verify_file(context, file));
    } else {
        for (const auto& database : context.databases()) {
            report(database.name, verify_database(context, database));
        }
    }
    context.result() = {{"journals", std::move(rows)}, {"holds", holds}};
    return holds ? Exit::fine : Exit::integrity;
}

/// The last entry as a head; signed where the key of the environment is at hand.
std::optional<journal::Head> head_now(Context& context, const platform::Database& database) {
    auto connection = connect(context, database);
    const auto standing = journal::read_standing(connection);
    if (!standing.last) {
        return std::nullopt;
    }
    const auto& last = *standing.last;
    journal::Head head{standing.database, last.epoch, last.sequence, last.hash, last.at, "", ""};
    const auto key = journal::find_key(context.run());
    return key ? journal::sign(std::move(head), *key) : head;
}

Exit run_export_heads(Context& context, std::ostream* file) {
    boost::json::array rows;
    for (const auto& database : context.databases()) {
        const auto head = head_now(context, database);
        if (!head) {
            context.note(fmt::format("the journal of {} is empty", database.name));
            continue;
        }
        const auto line = journal::to_line(*head);
        rows.push_back(boost::json::parse(line));
        if (file) {
            *file << line << '\n';
        } else if (!context.json()) {
            context.emit(line + "\n");
        }
    }
    context.result()["heads"] = std::move(rows);
    return Exit::fine;
}

Exit run_export(Context& context) {
    const auto path = context.arguments().value("--output");
    std::ofstream file;
    if (!path.empty()) {
        file.open(path, std::ios::binary | std::ios::trunc);
        if (!file) {
            throw_file_error("write", path, errno);
        }
    }
    if (context.arguments().has("--head")) {
        return run_export_heads(context, path.empty() ? nullptr : &file);
    }
    if (context.json() && path.empty()) {
        throw Error(Code::usage, "an export is lines of JSON itself, not one document",
                    "leave out --json, or give --output FILE");
    }
    const auto database = context.one_database();
    auto connection = connect(context, database);
    const auto count = journal::read(connection, selection_of(context), [&](const auto& entry) {
        const auto line = journal::to_line(entry) + "\n";
        if (path.empty()) {
            context.emit(line);
        } else {
            file << line;
        }
    });
    if (!path.empty()) {
        file.flush();
        if (!file) {
            throw_file_error("write", path, errno);
        }
        context.print(fmt::format("{}: {} of {}", path,
                                  counted(static_cast<std::size_t>(count), "entry", "entries"),
                                  database.name));
    }
    context.result() = {{"database", database.name}, {"entries", count}, {"file", path}};
    return Exit::fine;
}

Exit run_key(Context& context) {
    if (context.arguments().has("--rotate") && !context.dry_run()) {
        const auto key = journal::rotate_key(context.run());
        context.note(fmt::format("new key {}; the next run introduces it, signed by the old one",
                                 key_id(key.public_key())));
    }
    const auto key =
        context.dry_run() ? journal::find_key(context.run()) : journal::ensure_key(context.run());
    if (!key) {
        context.note("no key is at hand: runs are not signed");
        return Exit::fine;
    }
    context.result() = {{"key", key_id(key->public_key())}, {"public_key", key->public_key()}};
    if (!context.json()) {
        context.emit(public_key_pem(key->public_key()));
    }
    return Exit::fine;
}

const Option since_option{
    "--since", "WHEN", "from this entry or time on, such as 812 or 2026-03-03", {}};

}  // namespace

std::vector<Verb> journal_verbs() {
    return {
        {"journal",
         "the same as caisson journal show",
         "",
         {},
         "",
         "  caisson journal",
         Needs::platform,
         run_show},
        {"journal show",
         "what was done to the databases, entry after entry",
         "Each plan, start, statement, failure, finish and revert, with who, from where and when.",
         {{"--run", "RUN", "only this run, by the beginning of its id", {}},
          since_option,
          {"--kind", "KIND", "only entries of this kind, such as failure", {}}},
         "",
         "  caisson journal show --since 2026-03-03\n  caisson journal show --kind failure --json",
         Needs::platform,
         run_show},
        {"journal verify",
         "proves that no entry was changed, left out or cut off",
         "Against the hashes, the signatures, and the heads that were kept outside: those of the "
         "state directory, and those\n"
         "of --heads. With FILE it works on an export, without a server or a platform; - is "
         "standard input.\n"
         "Exit status 9 when something is broken.",
         {{"--heads", "FILE", "heads that were exported earlier", {}},
          {"--public-key", "FILE", "only these keys, and those that they introduce, may sign", {}}},
         "[FILE]",
         "  caisson journal verify\n  caisson journal verify journal.ndjson --heads heads.ndjson "
         "--public-key key.pem",
         Needs::nothing,
         run_verify},
        {"journal export",
         "the journal of a database as lines of JSON, the same bytes each time",
         "",
         {since_option,
          {"--output", "FILE", "where to (default: standard output)", {}},
          {"--head", "", "only where the journals stand: to be kept where nobody rewrites it", {}}},
         "",
         "  caisson journal export --output journal.ndjson\n  caisson journal export --head >> "
         "heads.ndjson",
         Needs::platform,
         run_export},
        {"journal key",
         "the public key that signs the journal, for auditors",
         "PEM. The private key stays in the state directory, or where CAISSON_JOURNAL_KEY comes "
         "from.",
         {{"--rotate", "", "make a new key, introduced by the present one", {}}},
         "",
         "  caisson journal key > journal-key.pem\n  caisson journal key --rotate",
         Needs::platform,
         run_key},
    };
}

}  // namespace caisson::cli
