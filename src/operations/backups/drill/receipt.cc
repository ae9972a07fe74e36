// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/drill/receipt.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/json.h"

namespace caisson::backups {
namespace {

namespace json = boost::json;

constexpr std::string_view purpose = "caisson-backup-receipt-1\n";

std::string signed_text(std::string_view receipt) {
    return std::string(purpose) + sha256_hex(receipt);
}

std::string text_of(const json::object& object, std::string_view name) {
    return std::string(object.at(name).as_string());
}

Receipt receipt_of(const json::object& object) {
    Receipt receipt;
    receipt.set = text_of(object, "set");
    receipt.manifest_sha256 = text_of(object, "manifest_sha256");
    receipt.repository = text_of(object, "repository");
    receipt.is_small = object.at("small").as_bool();
    receipt.started = text_of(object, "started");
    receipt.finished = text_of(object, "finished");
    receipt.target = text_of(object, "target");
    receipt.marker = text_of(object, "marker");
    receipt.restore_seconds = object.at("restore_seconds").to_number<double>();
    receipt.lost_seconds = object.at("lost_seconds").to_number<double>();
    receipt.bytes = object.at("bytes").to_number<std::uint64_t>();
    receipt.server_version = text_of(object, "server_version");
    receipt.program = text_of(object, "program");
    if (const auto* const copying = object.if_contains("copy_seconds")) {
        receipt.copy_seconds = copying->to_number<double>();
        receipt.replay_seconds = object.at("replay_seconds").to_number<double>();
        receipt.segments = object.at("segments").to_number<std::uint64_t>();
    }
    for (const auto& entry : object.at("trials").as_array()) {
        const auto& trial = entry.as_object();
        receipt.trials.push_back({text_of(trial, "name"), trial.at("passed").as_bool(),
                                  text_of(trial, "detail"),
                                  trial.at("seconds").to_number<double>()});
    }
    return receipt;
}

std::optional<KeptReceipt> read_receipt(const fs::path& path,
                                        const std::vector<std::string>& public_keys) {
    try {
        const auto text = read_own(path);
        const auto object = json::parse(text.value_or("")).as_object();
        const auto body = text_of(object, "receipt");
        auto receipt = parse_receipt(body);
        if (!receipt) {
            return std::nullopt;
        }
        KeptReceipt kept{std::move(*receipt), false};
        if (const auto* const signature = object.if_contains("signature")) {
            const auto key = text_of(object, "public_key");
            kept.is_signed =
                std::ranges::find(public_keys, key) != public_keys.end() &&
                is_signed_by(key, signed_text(body), std::string(signature->as_string()));
        }
        return kept;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace

bool Receipt::passed() const {
    return !trials.empty() && std::ranges::all_of(trials, &Trial::passed);
}

std::string to_json(const Receipt& receipt) {
    json::array trials;
    for (const auto& trial : receipt.trials) {
        trials.push_back(json::object{{"name", trial.name},
                                      {"passed", trial.passed},
                                      {"detail", trial.detail},
                                      {"seconds", trial.seconds}});
    }
    json::object object{{"format", Receipt::newest_format},
                        {"set", receipt.set},
                        {"manifest_sha256", receipt.manifest_sha256},
                        {"repository", receipt.repository},
                        {"small", receipt.is_small},
                        {"started", receipt.started},
                        {"finished", receipt.finished},
                        {"target", receipt.target},
                        {"marker", receipt.marker},
                        {"restore_seconds", receipt.restore_seconds},
                        {"lost_seconds", receipt.lost_seconds},
                        {"bytes", receipt.bytes},
                        {"server_version", receipt.server_version},
                        {"program", receipt.program},
                        {"passed", receipt.passed()},
                        {"trials", std::move(trials)}};
    if (receipt.copy_seconds > 0) {
        object["copy_seconds"] = receipt.copy_seconds;
        object["replay_seconds"] = receipt.replay_seconds;
        object["segments"] = receipt.segments;
    }
    return json_text(object);
}

std::optional<Receipt> parse_receipt(std::string_view text) {
    try {
        const auto value = json::parse(text);
        return receipt_of(value.as_object());
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

fs::path keep_receipt(const Repository& repository, const Receipt& receipt,
                      const std::optional<SigningKey>& key) {
    const auto body = to_json(receipt);
    json::object object{{"receipt", body}};
    if (key) {
        object["public_key"] = key->public_key();
        object["signature"] = key->sign(signed_text(body));
    }
    std::string moment = receipt.started.substr(0, 19);
    std::erase_if(moment, [](char c) { return c == '-' || c == ':'; });
    const auto path =
        repository.path() / "receipts" / fmt::format("{}Z-of-{}.json", moment, receipt.set);
    write_file(path, json::serialize(object) + "\n", 0600, repository.owner());
    return path;
}

std::vector<KeptReceipt> receipts_of(const Repository& repository,
                                     const std::vector<std::string>& public_keys) {
    std::vector<fs::path> paths;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(repository.path() / "receipts", failure)) {
        if (entry.path().extension() == ".json") {
            paths.push_back(entry.path());
        }
    }
    std::ranges::sort(paths);
    std::vector<KeptReceipt> receipts;
    for (const auto& path : paths) {
        if (auto receipt = read_receipt(path, public_keys)) {
            receipts.push_back(std::move(*receipt));
        }
    }
    return receipts;
}

std::map<std::string, KeptReceipt> proofs_of(const Repository& repository,
                                             const std::vector<Found>& sets,
                                             const std::vector<std::string>& public_keys) {
    std::map<std::string, KeptReceipt> proofs;
    for (auto& kept : receipts_of(repository, public_keys)) {
        const auto found = std::ranges::find_if(
            sets, [&](const Found& each) { return each.set.id == kept.receipt.set; });
        const auto known = proofs.find(kept.receipt.set);
        const bool says_less =
            known != proofs.end() && kept.receipt.is_small && !known->second.receipt.is_small;
        if (kept.is_signed && kept.receipt.passed() && !says_less && found != sets.end() &&
            kept.receipt.repository == repository.name() &&
            sha256_hex(found->json) == kept.receipt.manifest_sha256) {
            proofs[kept.receipt.set] = std::move(kept);
        }
    }
    return proofs;
}

}  // namespace caisson::backups
