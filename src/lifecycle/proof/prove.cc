// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/proof/build.h"
#include "lifecycle/proof/prover.h"
#include "lifecycle/sources/version.h"

namespace caisson::proof {
namespace {

/// What a shadow is remade for; a run that leaves a mess with every file is told so instead.
constexpr std::size_t most_shadows = 25;

std::string label(const migrations::Migration& file) { return file.source + "/" + file.title(); }

bool is_called(const migrations::Migration& file, const std::string& wanted) {
    const auto slash = wanted.rfind('/');
    const auto source = slash == std::string::npos ? "" : wanted.substr(0, slash);
    const auto version = slash == std::string::npos ? wanted : wanted.substr(slash + 1);
    return (source.empty() || source == file.source) &&
           (sources::canonical_version(file.version) == sources::canonical_version(version) ||
            file.title() == version);
}

/// Why a file is neither applied nor tried; empty when it is.
std::string reason_to_skip(const migrations::Migration& file,
                           const migrations::Features& features) {
    if (file.kind == sources::Kind::baseline) {
        return "stands for the files before it, which are tried themselves";
    }
    const auto& feature = file.up.directives.feature;
    const auto found = features.find(feature);
    if (!feature.empty() && (found == features.end() || !found->second)) {
        return fmt::format("waits for the feature {}", feature);
    }
    return {};
}

/// Order is the folder's matter here: of a graph, a part has several heads.
migrations::UpRequest everything(const Request& of) {
    migrations::UpRequest request;
    request.rules = of.rules;
    request.heads = platform::Policy::allow;
    request.rules.late = platform::Policy::allow;
    request.allow_programs = of.allow_programs;
    return request;
}

migrations::Options as_in_earnest(const Request& of, const migrations::Mirror* mirror) {
    migrations::Options options;
    options.rules = of.rules;
    options.mirror = mirror;
    options.root = of.root;
    options.allow_programs = of.allow_programs;
    return options;
}

/// What ends the proof rather than being a fact about a file.
bool is_ours(const Error& error) {
    return error.code() == Code::cannot_connect || error.code() == Code::interrupted ||
           error.code() == Code::internal || error.code() == Code::locked ||
           error.code() == Code::disk_full;
}

FileProof begun(const migrations::Migration& file) {
    FileProof proof;
    proof.source = file.source;
    proof.version = file.version;
    proof.name = file.name;
    proof.file = file.up.file;
    proof.checksum = file.up.checksum;
    proof.down_checksum = file.down ? file.down->checksum : "";
    return proof;
}

}  // namespace

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::proven:
            return "proven";
        case Outcome::irreversible:
            return "irreversible";
        case Outcome::not_reverted:
            return "not reverted";
        case Outcome::skipped:
            return "skipped";
        case Outcome::failed:
            return "failed";
        case Outcome::not_reached:
            return "not reached";
    }
    return "";
}

std::size_t Proof::count(Outcome outcome) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(files, [&](const auto& file) { return file.outcome == outcome; }));
}

bool Proof::holds() const {
    return std::ranges::none_of(
        findings, [](const auto& finding) { return finding.severity == Severity::error; });
}

void Prover::open() {
    shadow_.emplace(options_.open());
    connections_.emplace(*shadow_);
    make_tool_tables((*connections_)(false), request_.sources, request_.files);
    series_.forget();
    is_spoilt_ = false;
}

/// A new shadow with all that was applied so far.
void Prover::reopen() {
    connections_.reset();
    shadow_.reset();
    open();
    ++proof_.shadows;
    apply(&mirror_);
}

void Prover::apply(const migrations::Mirror* mirror) {
    migrations::up(std::ref(*connections_), applied_, request_.features, everything(request_),
                   as_in_earnest(request_, mirror));
}

Finding& Prover::find(const std::string& id, Severity severity, const std::string& file,
                      const std::string& message, const std::string& hint) {
    proof_.findings.push_back({id, severity, {file, 0, 0}, message, hint, {}});
    return proof_.findings.back();
}

void Prover::fail(FileProof& proof, const std::string& id, const std::string& file,
                  const Error& error) {
    auto& finding = find(id, Severity::error, file, error.message(), error.hint());
    // The error knows the line.
    if (const auto place = error.fact("place"); !place.empty()) {
        finding.place = {place, 0, 0};
        if (finding.message.starts_with(place + ": ")) {
            finding.message.erase(0, place.size() + 2);
        }
    }
    proof.outcome = Outcome::failed;
}

std::optional<Error> Prover::try_up(std::chrono::nanoseconds& duration) {
    try {
        const Stopwatch watch;
        apply(tools_know_ ? nullptr : &mirror_);
        duration = watch.elapsed();
        return std::nullopt;
    } catch (const Error& error) {
        if (is_ours(error)) {
            throw;
        }
        return error;
    }
}

std::optional<Error> Prover::try_down(std::chrono::nanoseconds& duration) {
    try {
        const Stopwatch watch;
        migrations::DownRequest request;
        request.allow_programs = request_.allow_programs;
        migrations::down(std::ref(*connections_), applied_, request_.features, request,
                         as_in_earnest(request_, &mirror_));
        duration = watch.elapsed();
        return std::nullopt;
    } catch (const Error& error) {
        if (is_ours(error)) {
            throw;
        }
        return error;
    }
}

namespace {

/// Of a COMMIT inside DO or CALL.
constexpr std::string_view invalid_termination = "2D000";
/// Of a value used in the transaction that adds it to its type.
constexpr std::string_view unsafe_new_enum_value = "55P04";

/// What no parser sees the server says.
bool refuses_transaction(const Error& error, const sources::Script& script) {
    const auto sqlstate = error.fact("sqlstate");
    const bool is_refused = sqlstate == pg::sqlstate::active_transaction ||
                            sqlstate == invalid_termination || sqlstate == unsafe_new_enum_value;
    return is_refused && !script.directives.no_transaction;
}

constexpr const char* no_transaction_hint =
    "add the line `-- caisson: no-transaction`; the proof went on as if it were there";

}  // namespace

bool Prover::up(FileProof& proof, std::chrono::nanoseconds& duration, const std::string& id) {
    auto error = try_up(duration);
    if (error && refuses_transaction(*error, file().up)) {
        find("transaction_refused", Severity::error, file().up.file,
             "it cannot run in a transaction: " + error->message(), no_transaction_hint);
        file().up.directives.no_transaction = true;
        error = try_up(duration);
    }
    if (error) {
        fail(proof, id, file().up.file, *error);
    }
    return !error;
}

bool Prover::down(FileProof& proof, const Samples& samples) {
    auto error = try_down(proof.down);
    if (error && refuses_transaction(*error, *file().down)) {
        find("transaction_refused", Severity::error, file().down->file,
             "it cannot run in a transaction: " + error->message(), no_transaction_hint);
        file().down->directives.no_transaction = true;
        error = try_down(proof.down);
    }
    if (error && !samples.tables.empty()) {
        take_samples((*connections_)(true), samples);
        const auto first = *error;
        error = try_down(proof.down);
        if (!error) {
            find("rows_in_the_way", Severity::warning, file().down->file,
                 "it works on empty tables alone; with a row in each it fails: " + first.message(),
                 "make it cope with rows, or say -- caisson: irreversible REASON");
        }
    }
    if (error) {
        fail(proof, "down_failed", file().down->file, *error);
    }
    return !error;
}

void Prover::prove_way_back(FileProof& proof, const Structure& before, const Structure& after) {
    auto kept = untouched_tables(proof);
    const auto real = rows_of((*connections_)(true), kept);
    const auto samples = put_samples((*connections_)(true), real);
    proof.rows_made = samples.tables.size();
    proof.tables_without_rows = samples.without;
    for (const auto& name : samples.tables) {
        kept.at(name).bytes = 1;  // It is not empty any more.
    }
    const auto rows = rows_of((*connections_)(true), kept);
    if (!down(proof, samples)) {
        is_spoilt_ = true;
        return;
    }
    const auto restored = structure();
    proof.restored = restored.hash;
    const bool has_samples_left = !std::ranges::any_of(proof_.findings, [&](const auto& finding) {
        return finding.id == "rows_in_the_way" && finding.place.file == file().down->file;
    });
    if (has_samples_left) {
        compare_rows(proof, kept, rows);
        take_samples((*connections_)(true), samples);
    }
    const bool is_restored = restored.hash == before.hash;
    if (!is_restored) {
        auto& finding = find("down_not_restoring", Severity::error, file().down->file,
                             "the structure after it is not the one before the file",
                             "undo in it everything that the file does");
        finding.differences = schema::diff(before.snapshot, restored.snapshot);
        proof.outcome = Outcome::failed;
    }
    std::chrono::nanoseconds ignored{0};
    if (!is_restored) {
        // What it left may be in the way: that was told.
        is_spoilt_ = try_up(ignored).has_value() || structure().hash != after.hash;
        return;
    }
    if (!up(proof, ignored, "up_not_repeatable")) {
        is_spoilt_ = true;
        return;
    }
    const auto again = structure();
    proof.again = again.hash;
    if (again.hash != after.hash) {
        auto& finding = find("up_not_repeatable", Severity::error, file().up.file,
                             "applied again after its down, it leads to another structure");
        finding.differences = schema::diff(after.snapshot, again.snapshot);
        proof.outcome = Outcome::failed;
        is_spoilt_ = true;
    }
}

/// Applied again as if it had changed, it must lead to the same.
void Prover::prove_repeatable(FileProof& proof, const Structure& after) {
    (*connections_)(true).query(
        "delete from caisson.migrations where source = $1 and version = $2 and name = $3",
        {file().source, file().version, file().name});
    std::chrono::nanoseconds ignored{0};
    tools_know_ = true;
    const bool is_applied = up(proof, ignored, "up_not_repeatable");
    tools_know_ = false;
    if (!is_applied) {
        is_spoilt_ = true;
        return;
    }
    const auto again = structure();
    proof.again = again.hash;
    if (again.hash != after.hash) {
        auto& finding = find("up_not_repeatable", Severity::error, file().up.file,
                             "applied a second time, it leads to another structure");
        finding.differences = schema::diff(after.snapshot, again.snapshot);
        proof.outcome = Outcome::failed;
        is_spoilt_ = true;
    }
}

bool Prover::prove_file(const migrations::Migration& given, FileProof& proof) {
    proof.reason = reason_to_skip(given, request_.features);
    if (!proof.reason.empty()) {
        proof.outcome = Outcome::skipped;
        return true;
    }
    if (given.kind == sources::Kind::program) {
        proof.reason = "a step in another language";
        proof.outcome = Outcome::skipped;
        find("program_step", Severity::error, given.up.file,
             "a step in another language stands between the files: what comes after it cannot be "
             "proven");
        return false;
    }
    applied_.push_back(given);
    if (!up(proof, proof.up, "up_failed")) {
        applied_.pop_back();
        return false;
    }
    const auto before = std::move(current_);
    current_ = structure();
    proof.before = before.hash;
    proof.after = current_.hash;
    proof.outcome = Outcome::proven;
    if (given.kind == sources::Kind::repeatable) {
        prove_repeatable(proof, current_);
    } else if (!given.up.directives.irreversible.empty()) {
        proof.outcome = Outcome::irreversible;
        proof.reason = given.up.directives.irreversible;
    } else if (!given.down) {
        proof.outcome = Outcome::not_reverted;
        find("down_missing", Severity::warning, given.up.file, "it has no way back",
             "write its down, or say why there is none: -- caisson: irreversible REASON");
    } else {
        prove_way_back(proof, before, current_);
    }
    if (is_spoilt_) {
        if (proof_.shadows >= most_shadows) {
            proof_.notes.push_back(
                fmt::format("the proof ended after {}: {} files left a mess in the shadow",
                            label(given), most_shadows));
            return false;
        }
        reopen();
        current_ = structure();
    }
    remember_rows();
    return true;
}

std::size_t Prover::apply_untried() {
    std::size_t first = 0;
    if (!request_.from.empty()) {
        const auto found = std::ranges::find_if(
            request_.files, [&](const auto& file) { return is_called(file, request_.from); });
        if (found == request_.files.end()) {
            throw Error(Code::usage, fmt::format("there is no migration {}", request_.from),
                        "see `caisson migrate status`");
        }
        first = static_cast<std::size_t>(found - request_.files.begin());
    }
    for (std::size_t index = 0; index < first; ++index) {
        auto& proof = proof_.files[index];
        proof.outcome = Outcome::skipped;
        proof.reason = reason_to_skip(request_.files[index], request_.features);
        if (proof.reason.empty()) {
            proof.reason = "before " + request_.from;
            applied_.push_back(request_.files[index]);
        }
    }
    if (!applied_.empty()) {
        apply(&mirror_);
    }
    return first;
}

Proof Prover::go() {
    const Stopwatch watch;
    proof_.database = request_.database;
    proof_.started_at = timestamp_now();
    for (const auto& file : request_.files) {
        proof_.files.push_back(begun(file));
    }
    open();
    proof_.shadow = shadow_->text();
    proof_.server_version = shadow_->version();
    proof_.notes = shadow_->notes();
    std::size_t index = apply_untried();
    current_ = structure();
    remember_rows();
    bool goes_on = true;
    for (; goes_on && index < request_.files.size(); ++index) {
        if (options_.on_file) {
            options_.on_file(request_.files[index], index + 1, request_.files.size());
        }
        goes_on = prove_file(request_.files[index], proof_.files[index]);
    }
    if (goes_on) {
        check_structure();
    }
    proof_.structure = current_.hash;
    if (goes_on && !request_.seeds.files.empty()) {
        proof_.seeds = prove_seeds(*shadow_, request_, proof_.findings);
    }
    proof_.duration = watch.elapsed();
    return std::move(proof_);
}

Proof prove(const Request& request, const Options& options) {
    return Prover(request, options).go();
}

}  // namespace caisson::proof
