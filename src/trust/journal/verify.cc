// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/verify.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace caisson::journal {
namespace {

constexpr std::size_t most_findings = 1000;

std::string entries(std::int64_t first, std::int64_t last) {
    return first == last ? fmt::format("entry {}", first)
                         : fmt::format("entries {} to {}", first, last);
}

boost::json::object object_of(const std::string& detail) {
    boost::system::error_code failure;
    auto value = boost::json::parse(detail, failure);
    return !failure && value.is_object() ? std::move(value.get_object()) : boost::json::object{};
}

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* const member = object.if_contains(name);
    return member && member->is_string() ? std::string(member->get_string()) : "";
}

std::int64_t number_of(const boost::json::object& object, std::string_view name) {
    const auto* const member = object.if_contains(name);
    return member && member->is_int64() ? member->get_int64() : 0;
}

}  // namespace

std::string_view name_of(Finding::Kind kind) {
    constexpr std::array names = {"changed",      "missing",    "cut_tail",  "rewritten",
                                  "out_of_order", "forged",     "other_key", "other_journal",
                                  "wrong_epoch",  "unreadable", "unsigned"};
    return names[static_cast<std::size_t>(kind)];
}

Verifier::Verifier(Expectation expectation) : expectation_(std::move(expectation)) {
    for (const auto& head : expectation_.heads) {
        heads_.emplace(head.sequence, head);
    }
    for (const auto* keys : {&expectation_.trusted, &expectation_.known}) {
        for (const auto& key : *keys) {
            keys_[key_id(key)] = key;
            believed_[key_id(key)] = true;
        }
    }
}

void Verifier::find(Finding::Kind kind, std::int64_t first, std::int64_t last, std::string text) {
    if (verdict_.findings.size() == most_findings) {
        ++verdict_.more;
        return;
    }
    verdict_.findings.push_back({kind, first, last, std::move(text)});
}

void Verifier::unreadable(std::size_t number, const std::string& mistake) {
    find(Finding::Kind::unreadable, 0, 0, fmt::format("line {} is no entry: {}", number, mistake));
}

void Verifier::take(const Entry& entry) {
    const bool is_whole = hash_of(entry) == entry.hash;
    if (!is_whole) {
        find(Finding::Kind::changed, entry.sequence, entry.sequence,
             fmt::format("entry {} was changed: it does not have the hash that stands beside it",
                         entry.sequence));
    }
    follow(entry);
    last_is_whole_ = is_whole;
    if (entry.kind == kinds::epoch) {
        begin_epoch(entry);
    } else if (entry.kind == kinds::key) {
        learn_key(entry);
    } else if (entry.kind == kinds::signature) {
        check_signature(entry);
    }
    epochs_[entry.epoch].last = entry.sequence;
    compare_with_heads(entry);
    has_several_runs_ = has_several_runs_ || (verdict_.entries > 0 && entry.run != last_.run);
    if (verdict_.entries++ == 0) {
        verdict_.first = entry.sequence;
    }
    last_ = entry;
}

/// Number and previous hash, against the entry before.
void Verifier::follow(const Entry& entry) {
    const auto expected = last_.sequence + 1;
    if (entry.sequence < expected) {
        find(Finding::Kind::out_of_order, entry.sequence, entry.sequence,
             fmt::format("entry {} comes after entry {}: it is there twice or in the wrong place",
                         entry.sequence, last_.sequence));
        return;
    }
    if (entry.sequence > expected) {
        // What begins later is whole for who holds the head of just before.
        const auto [from, to] = heads_.equal_range(entry.sequence - 1);
        const bool is_continuation =
            last_.sequence == 0 && std::any_of(from, to, [&](const auto& head) {
                return head.second.hash == entry.previous;
            });
        if (is_continuation) {
            verdict_.notes.push_back(
                fmt::format("begins at entry {}, right after a head that was given; what is "
                            "before it was not looked at",
                            entry.sequence));
            verdict_.heads += static_cast<std::size_t>(std::distance(from, to));
            heads_.erase(from, to);
        } else {
            find(Finding::Kind::missing, expected, entry.sequence - 1,
                 fmt::format("{} {} missing", entries(expected, entry.sequence - 1),
                             expected == entry.sequence - 1 ? "is" : "are"));
        }
    } else if (entry.previous != (last_.sequence == 0 ? no_hash() : last_.hash)) {
        if (last_.sequence == 0) {
            find(Finding::Kind::changed, entry.sequence, entry.sequence,
                 fmt::format("entry {} follows an entry although it is the first", entry.sequence));
        } else if (last_is_whole_) {
            find(Finding::Kind::changed, last_.sequence, last_.sequence,
                 fmt::format("entry {} was changed or replaced with its hash: it is not the one "
                             "that entry {} follows",
                             last_.sequence, entry.sequence));
        }
    }
    // Numbered otherwise, it would have no epoch in common with the heads of the genuine journal.
    if (entry.sequence == 1 && entry.epoch != 1) {
        find(Finding::Kind::wrong_epoch, 1, 1,
             fmt::format("entry 1 says epoch {}: every journal begins with epoch 1", entry.epoch));
    }
    if (last_.sequence != 0 && entry.kind != kinds::epoch && entry.epoch != last_.epoch) {
        find(Finding::Kind::wrong_epoch, entry.sequence, entry.sequence,
             fmt::format("entry {} says epoch {} in the middle of epoch {}", entry.sequence,
                         entry.epoch, last_.epoch));
    }
}

/// The first entry of a database's life names where the journal was taken over.
void Verifier::begin_epoch(const Entry& entry) {
    const auto detail = object_of(entry.detail);
    const auto* const found = detail.if_contains("continues");
    const auto continues =
        found && found->is_object() ? found->get_object() : boost::json::object{};
    const bool is_first = entry.sequence == 1;
    const bool fits =
        is_first || verdict_.entries == 0 ||
        (entry.epoch == last_.epoch + 1 && number_of(continues, "sequence") == last_.sequence &&
         number_of(continues, "epoch") == last_.epoch && text_of(continues, "hash") == last_.hash);
    if (!fits && entry.sequence == last_.sequence + 1) {
        find(Finding::Kind::wrong_epoch, entry.sequence, entry.sequence,
             fmt::format("entry {} begins epoch {}, but does not continue entry {} of epoch {}",
                         entry.sequence, entry.epoch, last_.sequence, last_.epoch));
    }
    epochs_[entry.epoch].database = text_of(detail, "database");
    if (!is_first) {
        verdict_.notes.push_back(fmt::format(
            "epoch {} begins at entry {} ({}): the database was restored, cloned or adopted anew",
            entry.epoch, entry.sequence, entry.at));
    }
}

bool Verifier::may_sign(const std::string& key) const {
    const auto found = believed_.find(key);
    return found != believed_.end() && found->second;
}

void Verifier::learn_key(const Entry& entry) {
    const auto introduction = parse_introduction(entry.detail);
    if (!introduction) {
        find(Finding::Kind::forged, entry.sequence, entry.sequence,
             fmt::format("entry {} introduces no key that can be read", entry.sequence));
        return;
    }
    const bool is_first = !has_keys() && !std::exchange(has_key_, true);
    const auto voucher = keys_.find(introduction->previous);
    const bool is_vouched =
        voucher != keys_.end() &&
        is_signed_by(voucher->second, introduction_message(introduction->public_key),
                     introduction->signature);
    if (!introduction->signature.empty() && voucher != keys_.end() && !is_vouched) {
        find(Finding::Kind::forged, entry.sequence, entry.sequence,
             fmt::format("entry {} introduces key {} with a signature of key {} that does not hold",
                         entry.sequence, introduction->key, introduction->previous));
    }
    keys_[introduction->key] = introduction->public_key;
    auto& believed = believed_[introduction->key];
    believed = believed || is_first || (is_vouched && may_sign(introduction->previous));
    if (!believed) {
        const auto text = fmt::format("entry {} introduces key {}, for which no key vouches",
                                      entry.sequence, introduction->key);
        if (expectation_.trusted.empty()) {
            verdict_.notes.push_back(text + "; name it with --public-key if it is yours");
        } else {
            find(Finding::Kind::other_key, entry.sequence, entry.sequence, text);
        }
    }
}

void Verifier::check_signature(const Entry& entry) {
    last_signature_ = entry.sequence;
    const auto detail = object_of(entry.detail);
    Head head{epochs_[entry.epoch].database, entry.epoch, number_of(detail, "sequence"),
              text_of(detail, "hash"),       "",          text_of(detail, "key"),
              text_of(detail, "signature")};
    if (head.database.empty()) {  // An export that begins later than its epoch.
        head.database = text_of(detail, "database");
    }
    const auto key = keys_.find(head.key);
    if (verdict_.entries > 0 && entry.sequence == last_.sequence + 1 &&
        (head.sequence != last_.sequence || head.hash != last_.hash)) {
        find(Finding::Kind::forged, entry.sequence, entry.sequence,
             fmt::format("the signature in entry {} is not for entry {} before it", entry.sequence,
                         last_.sequence));
    } else if (key == keys_.end() && verdict_.first > 1) {
        verdict_.notes.push_back(
            fmt::format("the signature in entry {} is by key {}, introduced before this export "
                        "begins: give it with --public-key",
                        entry.sequence, head.key));
    } else if (key == keys_.end()) {
        find(Finding::Kind::other_key, entry.sequence, entry.sequence,
             fmt::format("entry {} is signed by key {}, which the journal does not introduce",
                         entry.sequence, head.key));
    } else if (!is_signed_by(key->second, head_message(head), head.signature)) {
        find(Finding::Kind::forged, entry.sequence, entry.sequence,
             fmt::format("the signature in entry {} was not made by key {}", entry.sequence,
                         head.key));
    } else if (may_sign(head.key)) {
        ++verdict_.signatures;
        verdict_.signed_through = head.sequence;
        epochs_[entry.epoch].is_signed = true;
    } else if (!expectation_.trusted.empty()) {
        find(Finding::Kind::other_key, entry.sequence, entry.sequence,
             fmt::format("entry {} is signed by key {}, which is none of those that may",
                         entry.sequence, head.key));
    }
}

void Verifier::compare_with_heads(const Entry& entry) {
    const auto [from, to] = heads_.equal_range(entry.sequence);
    for (auto at = from; at != to;) {
        const auto& head = at->second;
        if (head.epoch != entry.epoch || (!epochs_[entry.epoch].database.empty() &&
                                          head.database != epochs_[entry.epoch].database)) {
            ++at;
            continue;
        }
        if (head.hash != entry.hash) {
            find(Finding::Kind::rewritten, entry.sequence, entry.sequence,
                 fmt::format("entry {} is not the one that the head of {} names: it, or entries "
                             "before it, were written anew",
                             entry.sequence, head.at));
        } else {
            ++verdict_.heads;
        }
        at = heads_.erase(at);
    }
}

/// Whether it is of a database that this journal ever was of, whatever its epoch says.
bool Verifier::is_of_this(const Head& head) const {
    return !head.database.empty() &&
           (head.database == expectation_.database ||
            std::any_of(epochs_.begin(), epochs_.end(),
                        [&](const auto& epoch) { return epoch.second.database == head.database; }));
}

/// Heads that met no entry: cut off, left behind by a restore, or somebody else's.
void Verifier::judge_remaining_heads() {
    // One file may hold the heads of all databases of a platform.
    const bool is_any_ours =
        std::any_of(expectation_.heads.begin(), expectation_.heads.end(),
                    [&](const Head& head) { return is_of_this(head) || head.database.empty(); });
    std::map<std::string, std::size_t> others;
    for (const auto& [sequence, head] : heads_) {
        const auto epoch = epochs_.find(head.epoch);
        const bool is_met = epoch != epochs_.end() && epoch->second.database.empty();
        if (verdict_.entries == 0 || is_met || is_of_this(head)) {
            judge_unmet(head);
        } else if (is_any_ours) {
            ++others[head.database];
        } else {
            find(Finding::Kind::other_journal, 0, 0,
                 fmt::format("the head of {} for entry {} is of database {}; this journal is of {}",
                             head.at, sequence, head.database, verdict_.database));
        }
    }
    for (const auto& [database, count] : others) {
        verdict_.notes.push_back(fmt::format("{} of database {}, not of this one",
                                             counted(count, "head is", "heads are"), database));
    }
}

/// A head of this journal.
void Verifier::judge_unmet(const Head& head) {
    const auto sequence = head.sequence;
    const auto epoch = epochs_.find(head.epoch);
    const bool is_known = epoch != epochs_.end() && (epoch->second.database.empty() ||
                                                     epoch->second.database == head.database);
    if (!is_known && sequence <= verdict_.last) {
        find(Finding::Kind::rewritten, sequence, sequence,
             fmt::format("entry {} is not the one that the head of {} names: that is of epoch {} "
                         "of database {}, which the journal does not have",
                         sequence, head.at, head.epoch, head.database));
    } else if (!is_known) {
        find(Finding::Kind::cut_tail, verdict_.last + 1, sequence,
             fmt::format("the tail is cut off: the head of {} knows entry {} of epoch {}, the "
                         "journal ends at {}",
                         head.at, sequence, head.epoch, verdict_.last));
    } else if (sequence < verdict_.first) {
        verdict_.notes.push_back(fmt::format(
            "the head of {} is of entry {}, before the first one here", head.at, sequence));
    } else if (sequence <= epoch->second.last) {
        return;  // The entry is among the missing, which are told.
    } else if (head.epoch < verdict_.epoch && epochs_.rbegin()->second.is_signed &&
               (has_keys() || may_sign(head.key))) {
        // Without a key of the reader's, who signed the head must be who signs the journal: anybody
        // could begin one with a key of his own.
        verdict_.notes.push_back(fmt::format(
            "{} of epoch {}, known to the head of {}, were left behind when epoch {} took over "
            "after entry {}",
            entries(epoch->second.last + 1, sequence), head.epoch, head.at, head.epoch + 1,
            epoch->second.last));
    } else {
        find(Finding::Kind::cut_tail, epoch->second.last + 1, sequence,
             fmt::format("the tail is cut off: the head of {} knows entry {}, the journal ends at "
                         "{}",
                         head.at, sequence, epoch->second.last));
    }
}

/// What no signature that is believed covers. After the last one a run may still be going on, or
/// have died: that is told. So is a first run, to whom the keys are known that it would sign with.
void Verifier::judge_coverage() {
    // The signature's own entry is covered by the next one, and by the head of its run.
    const auto covered = verdict_.signed_through + (verdict_.signed_through > 0 ? 1 : 0);
    auto from = std::max(covered + 1, verdict_.first);
    const bool is_strict = !expectation_.trusted.empty();
    const bool may_be_first_run =
        verdict_.first > 1 || (last_signature_ == 0 && !has_several_runs_);
    auto due = is_strict ? last_signature_ : 0;
    if (verdict_.signatures == 0 && (is_strict || (has_keys() && !may_be_first_run))) {
        due = verdict_.last;
    }
    if (verdict_.entries > 0 && from <= due) {
        find(Finding::Kind::unsigned_, from, due,
             fmt::format("{} {} covered by no signature of a key that may sign{}",
                         entries(from, due), from == due ? "is" : "are",
                         is_strict ? "" : "; name those that are yours with --public-key"));
        from = due + 1;
    }
    if (verdict_.entries > 0 && from <= verdict_.last) {
        verdict_.notes.push_back(fmt::format("{} {} not signed", entries(from, verdict_.last),
                                             from == verdict_.last ? "is" : "are"));
    }
}

Verdict Verifier::finish() {
    verdict_.last = last_.sequence;
    verdict_.epoch = last_.epoch;
    verdict_.hash = last_.hash;
    verdict_.database = epochs_[last_.epoch].database;
    judge_remaining_heads();
    for (const auto& head : expectation_.heads) {
        const auto key = keys_.find(head.key);
        if (!head.signature.empty() && key != keys_.end() &&
            !is_signed_by(key->second, head_message(head), head.signature)) {
            find(Finding::Kind::forged, head.sequence, head.sequence,
                 fmt::format("the head of {} for entry {} does not have the signature of key {}",
                             head.at, head.sequence, head.key));
        }
    }
    if (!expectation_.database.empty() && !verdict_.database.empty() &&
        verdict_.database != expectation_.database) {
        verdict_.notes.push_back(
            "the database was stamped anew since; the next run begins an epoch for it");
    }
    judge_coverage();
    return std::move(verdict_);
}

}  // namespace caisson::journal
