// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::isolation {

enum class Severity { info, warning, error };

inline std::string_view name_of(Severity severity) {
    return severity == Severity::error     ? "error"
           : severity == Severity::warning ? "warning"
                                           : "info";
}

/// Something that was found. Its name is what it is accepted by: `read notes`; where several roles
/// act for tenants, or the platform has several databases, `read notes as readonly in compliance`.
/// What was seen to leak and what merely might never have the same id: who accepts a caution does
/// not accept the leak.
struct Finding {
    std::string id;      ///< Stable, such as `read`, `give away`, `unique`.
    std::string object;  ///< `votes`, `users_email_key`, `find_credentials(text)`.
    Severity severity = Severity::error;
    std::string message{};
    std::string remedy{};
    std::vector<std::string>
        actors{};                ///< Who could: `tenant a`, `nobody`; empty: found by looking.
    std::string session{};       ///< SQL for psql that shows it again; empty: none.
    bool is_reproduced = false;  ///< The session was run, and showed it.
    std::optional<std::string> accepted{};  ///< Why the manifest says that it is to be so.

    std::string role{};      ///< By its suffix, where several act for tenants.
    std::string database{};  ///< By its key, where the platform has several.

    std::string name() const {
        return id + " " + object + (role.empty() ? "" : " as " + role) +
               (database.empty() ? "" : " in " + database);
    }
    bool counts() const { return !accepted && severity == Severity::error; }
};

/// What was found, each thing once: who else could is added to it.
class Findings {
 public:
    Finding& add(Finding finding) {
        for (auto& known : list_) {
            if (known.name() == finding.name()) {
                for (auto& actor : finding.actors) {
                    add_actor(known, std::move(actor));
                }
                return known;
            }
        }
        list_.push_back(std::move(finding));
        return list_.back();
    }
    Finding* find(const std::string& name) {
        for (auto& known : list_) {
            if (known.name() == name) {
                return &known;
            }
        }
        return nullptr;
    }
    bool has(const std::string& name) { return find(name) != nullptr; }
    std::vector<Finding>& list() { return list_; }

 private:
    static void add_actor(Finding& finding, std::string actor) {
        for (const auto& known : finding.actors) {
            if (known == actor) {
                return;
            }
        }
        finding.actors.push_back(std::move(actor));
    }
    std::vector<Finding> list_;
};

}  // namespace caisson::isolation
