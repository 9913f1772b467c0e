#pragma once

#include <map>
#include <memory>

#include <QObject>

#include "services/client/facts.h"
#include "ui/state/bar_pyramid.h"

namespace qd::ui {

/// Bars of the symbols that charts show, live at their right end.
class BarStore : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    struct Key {
        Symbol symbol;
        BarInterval interval = BarInterval::Minute1;
        friend auto operator<=>(const Key&, const Key&) = default;
        friend bool operator==(const Key&, const Key&) = default;
    };
    enum class Phase { Absent, Loading, Ready, Failed };
    struct Series {
        Phase phase = Phase::Absent;
        BarPyramid bars;
        std::string source;
        std::string failure;
    };

    /// An absent series when nobody asked for it.
    const Series& series(const Key& key) const;
    void setLoading(const Key& key);
    void setFailed(const Key& key, const std::string& why);
    void setSeries(const client::BarSeries& series);
    void apply(const client::MarketBatch& batch);

Q_SIGNALS:
    void seriesChanged(const qd::ui::BarStore::Key& key);
    void lastBarChanged(const qd::ui::BarStore::Key& key);
    void barAppended(const qd::ui::BarStore::Key& key);

private:
    std::map<Key, Series> m_series;
};

Candle candleOf(const Bar& bar);

} // namespace qd::ui
