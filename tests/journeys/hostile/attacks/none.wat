;; Nothing: a connector that does as little as it may.
