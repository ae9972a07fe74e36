// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/selftest/selftest.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <poll.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "operations/monitor/alerts/watch.h"
#include "operations/monitor/selftest/provocation.h"

namespace caisson::selftest {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto between_samples = 200ms;

milliseconds since(const Stopwatch& watch) {
    return std::chrono::duration_cast<milliseconds>(watch.elapsed());
}

/// The run of the stage, whose only receiver is ours.
trust::Run with_receiver(Stage& stage) {
    auto run = stage.run();
    auto& alerting = run.manifest.alerting;
    alerting = {};
    alerting.wait = 0ms;
    platform::AlertDelivery delivery;
    delivery.name = "selftest";
    delivery.webhook = stage.receiver().url();
    delivery.secret = stage.receiver().secret();
    alerting.deliveries = {delivery};
    return run;
}

/// The rule alone, at once, at the threshold of the provocation.
alerts::Rule alone(alerts::Rule rule, const Provocation& provocation) {
    rule.hold = 0ms;
    rule.stay = 0ms;
    rule.settle = 0ms;
    rule.causes.clear();
    if (provocation.threshold) {
        rule.warning = provocation.threshold;
        rule.critical.reset();
        rule.clear_warning = *provocation.threshold * (rule.below ? 1.1 : 0.9);
    }
    return rule;
}

/// One rule, from the fault to the receiver and back.
class Trial {
 public:
    Trial(Stage& stage, const alerts::Rule& rule, milliseconds limit)
        : stage_(stage), rule_(rule), limit_(limit) {}

    Proof run(const Provocation& provocation) {
        Proof proof{.rule = rule_.name, .how = provocation.how, .note = provocation.note};
        if (rule_.hold > 0ms) {  // Its time is scaled as well.
            proof.how = proof.how == How::real ? How::scaled : proof.how;
            proof.note += "; at once instead of after " + human(rule_.hold);
        }
        stage_.receiver().forget();
        stage_.watch_standby(provocation.of_standby);
        auto made = with_receiver(stage_);
        fs::remove(alerts::book_file(made));
        alerts::Watch watch(made, {alone(rule_, provocation)});
        try {
            if (provocation.of_standby) {
                stage_.standby();
            }
            if (provocation.with_standby) {
                stage_.await_standby();
            }
            // It must be quiet before: what fires anyway proves nothing.
            judge(watch);
            if (fires(watch)) {
                proof.how = How::unproven;
                proof.why = "it fires before it is provoked";
                return proof;
            }
            proof.why = provocation.provoke(stage_);
            proof.is_refused = !proof.why.empty();
            if (!proof.is_refused) {
                follow_up(watch, proof);
            }
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            proof.why = error.message();
        }
        mend(provocation, watch, proof);
        if (!proof.holds()) {
            proof.how = How::unproven;
            if (proof.why.empty()) {
                proof.why = !proof.has_fired      ? "it did not fire"
                            : !proof.is_delivered ? "it was not delivered"
                                                  : "it was not resolved";
            }
        }
        return proof;
    }

 private:
    void judge(alerts::Watch& watch) {
        interrupt::check();
        const auto sample = stage_.sample();
        watch.judge(sample, since(clock_), 5s);
    }

    bool fires(const alerts::Watch& watch) const {
        const auto book = watch.book();
        return std::ranges::any_of(book.alerts, [&](const alerts::Alert& alert) {
            return alert.rule == rule_.name && alert.state == alerts::State::firing;
        });
    }

    void follow_up(alerts::Watch& watch, Proof& proof) {
        const Stopwatch stopwatch;
        while (since(stopwatch) < limit_ && page_.empty()) {
            judge(watch);
            if (!proof.has_fired && fires(watch)) {
                proof.has_fired = true;
                proof.fired = since(stopwatch);
            }
            // The receiver may need a moment; what is sampled meanwhile may be over already.
            for (int i = 0; i < 20 && proof.has_fired && page_.empty(); ++i) {
                ::poll(nullptr, 0, 10);
                page_ = stage_.receiver().fired(rule_.name);
            }
            if (page_.empty()) {
                ::poll(nullptr, 0, between_samples.count());
            }
        }
        if (!page_.empty()) {
            proof.is_delivered = true;
            proof.delivered = since(stopwatch);
        }
    }

    void mend(const Provocation& provocation, alerts::Watch& watch, Proof& proof) {
        try {
            provocation.mend(stage_);
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            if (proof.why.empty()) {
                proof.why = "it could not be mended: " + error.message();
            }
            return;
        }
        const Stopwatch stopwatch;
        while (proof.is_delivered && !proof.is_resolved && since(stopwatch) < limit_) {
            judge(watch);
            for (int i = 0; i < 20 && !proof.is_resolved; ++i) {
                proof.is_resolved = stage_.receiver().is_resolved(page_);
                ::poll(nullptr, 0, 10);
            }
        }
        proof.resolved = since(stopwatch);
    }

    Stage& stage_;
    const alerts::Rule& rule_;
    milliseconds limit_;
    std::string page_;
    Stopwatch clock_;
};

/// A value that is bad by the rule, and one that is good.
Provocation reading_of(const alerts::Rule& rule) {
    const double limit = alerts::threshold_of(
        rule, rule.critical ? alerts::Level::critical : alerts::Level::warning);
    const double value = rule.below ? limit - std::max(1.0, std::abs(limit) * 0.01) : limit;
    return by_reading(rule, value, "a reading is replaced");
}

}  // namespace

std::string_view text_of(How how) {
    switch (how) {
        case How::real:
            return "real";
        case How::scaled:
            return "scaled";
        case How::simulated:
            return "simulated";
        case How::unproven:
            return "unproven";
    }
    return "unproven";
}

std::vector<Provocation> provocations() {
    auto all = other_provocations();
    for (auto more : {replication_provocations(), server_provocations()}) {
        all.insert(all.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    }
    return all;
}

std::vector<Proof> run(const trust::Run& run, const Options& options) {
    const auto rules = alerts::rules_of(run.manifest.alerting).rules;
    const auto is_wanted = [&](const std::string& rule) {
        return options.rules.empty() ||
               std::ranges::find(options.rules, rule) != options.rules.end();
    };
    const auto tell = [&](const std::string& what) {
        if (options.progress) {
            options.progress(what);
        }
    };
    tell("starting private servers");
    auto stage = std::make_unique<Stage>(run);
    std::map<std::string, Proof> proofs;
    const auto attempt = [&](const alerts::Rule& rule, const Provocation& provocation) {
        tell(rule.name);
        auto proof = Trial(*stage, rule, options.limit).run(provocation);
        stage->take_back();
        stage->remove_disk();
        const auto known = proofs.find(rule.name);
        if (known == proofs.end() || !known->second.holds()) {
            if (known != proofs.end() && proof.holds() && !known->second.why.empty()) {
                proof.note += "; for real: " + known->second.why;
            }
            proofs[rule.name] = std::move(proof);
        }
    };
    // Ids are aged last, each on servers of its own: nothing else can be trusted there.
    for (const auto& provocation : provocations()) {
        const auto* const rule = alerts::find_rule(rules, provocation.rule);
        if (!rule || !is_wanted(rule->name)) {
            continue;
        }
        if (provocation.note.starts_with("pg_resetwal")) {
            stage.reset();
            stage = std::make_unique<Stage>(run);
        }
        attempt(*rule, provocation);
    }
    std::vector<Proof> all;
    for (const auto& rule : rules) {
        if (!is_wanted(rule.name)) {
            continue;
        }
        const auto found = proofs.find(rule.name);
        if ((found == proofs.end() || found->second.is_refused) &&
            monitor::find_metric(rule.metric)) {
            attempt(rule, reading_of(rule));
        }
        const auto proof = proofs.find(rule.name);
        all.push_back(proof != proofs.end()
                          ? proof->second
                          : Proof{.rule = rule.name, .why = "nothing provokes it"});
    }
    return all;
}

}  // namespace caisson::selftest
