#pragma once

#include "ui/state/connection_store.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// How things stand with one broker, in a word and its tone.
struct ConnectionWord {
    QString text;
    Tone tone = Tone::Muted;
};
ConnectionWord connectionWord(const ConnectionStore& store, int item);
/// "OAuth (consent in the browser)", "Key", "Session".
QString methodText(const client::OfferedBroker& broker);
/// What went wrong last, for people; empty: nothing.
QString troubleText(const ConnectionStore& store, int item);
/// Another session holds the only place that this broker has.
bool isTakenElsewhere(const ConnectionStore& store, int item);

/// Every broker that is offered or connected.
class ConnectionsTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { BrokerColumn, MethodColumn, StatusColumn, UseColumn, EndsColumn, ScopesColumn,
                       TroubleColumn };
    ConnectionsTableModel(ConnectionStore& store, const runtime::Clock& clock, QObject* parent);

    int itemCount() const override { return m_store.count(); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    ConnectionStore& m_store;
    const runtime::Clock& m_clock;
};

} // namespace qd::ui
