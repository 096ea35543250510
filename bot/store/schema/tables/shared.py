"""What the tables share: the metadata, with a naming convention for indexes, and two column types."""

from sqlalchemy import BigInteger, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={"ix": "%(table_name)s_%(column_0_N_name)s", "uq": "%(table_name)s_%(column_0_N_name)s_key"}
)

COUNTER = BigInteger().with_variant(Integer, "sqlite")

BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")
