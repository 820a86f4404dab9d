"""Pure rules of data-sharing: the catalogue, who authorised what, when an answer counts, how answers are merged."""
